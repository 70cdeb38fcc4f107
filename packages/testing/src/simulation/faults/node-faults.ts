import { AT_ONCE, type FaultRow, NOTHING_TO_UNDO } from "./fault-row.ts"

/** What is shed comes back step by step. */
const SHED_ECHO_MS = 12_000

/** What happens to one server: to its process, its clock, its disk. */
export const NODE_FAULTS = {
  kill: {
    on: "node",
    weight: 2,
    forMs: [20, 2_500],
    strike({ nodes }, { target }) {
      const node = nodes[target]
      if (node === undefined || node.isDown) return undefined
      node.kill()
      return node.start
    },
  },
  "paused-node": {
    on: "node",
    weight: 1,
    forMs: [100, 4_000],
    strike({ nodes }, { target }) {
      const node = nodes[target]
      if (node?.core === undefined) return undefined
      node.pause()
      return node.resume
    },
  },
  "node-clock": {
    on: "node",
    weight: 1,
    forMs: AT_ONCE,
    strike({ nodes }, { target, amount }) {
      nodes[target]?.jumpWallClock((amount - 0.5) * 4_000)
      return NOTHING_TO_UNDO
    },
  },
  "busy-node": {
    on: "node",
    weight: 0,
    forMs: [2_000, 7_000],
    echoMs: SHED_ECHO_MS,
    strike({ lags, judge, scheduler }, { target, amount, forMs }) {
      lags.set(target, 120 + amount * amount * 1_500)
      // Presence is shed first: who is back is told when it comes back, which may be after its lease.
      judge.presence.disturbed(scheduler.monotonicMs + forMs + SHED_ECHO_MS)
      return () => void lags.delete(target)
    },
  },
  drain: {
    on: "node",
    weight: 1,
    forMs: [50, 1_500],
    strike: (world, { target, forMs }) => world.drainAndRestart(target, forMs),
  },
  "slow-disk": {
    on: "node",
    weight: 2,
    forMs: [100, 4_000],
    strike({ slowDisks }, { target, amount }) {
      slowDisks.set(target, 20 + amount * 800)
      return () => void slowDisks.delete(target)
    },
  },
  "full-disk": {
    on: "node",
    weight: 1,
    forMs: [100, 3_000],
    strike({ nodes }, { target }) {
      const disk = nodes[target]?.disk
      if (disk === undefined || disk.full) return undefined
      disk.full = true
      return () => {
        disk.full = false
      }
    },
  },
  "failed-flush": {
    on: "node",
    weight: 1,
    forMs: AT_ONCE,
    strike({ nodes }, { target }) {
      nodes[target]?.disk.failNextFlush()
      return NOTHING_TO_UNDO
    },
  },
  "new-disk": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: [100, 2_000],
    strike({ nodes }, { target }) {
      const node = nodes[target]
      if (node === undefined || node.isDown) return undefined
      node.kill()
      node.disk.replace()
      return node.start
    },
  },
  "old-backup": {
    on: "node",
    weight: 1,
    forMs: [300, 6_000],
    strike: (world, { target }) => world.restoreLater(target),
  },
} as const satisfies Record<string, FaultRow>
