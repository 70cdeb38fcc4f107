import { toMagpieError } from "@magpie/protocol"
import { Violation } from "../judge/violation.ts"
import { AT_ONCE, type FaultRow, NOTHING_TO_UNDO } from "./fault-row.ts"

const DRAIN_SPREAD_MS = 500
/** Until a supervisor starts what has ended. */
export const RESTART_MS = 300
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
      const node = nodes[target]
      if (node?.core === undefined) return undefined
      node.jumpWallClock((amount - 0.5) * 4_000)
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
    strike({ nodes, clients, judge, supervisor }, { target, forMs }) {
      const node = nodes[target]
      if (node?.core === undefined) return undefined
      if (clients.some((client) => client.isBusy)) judge.reached("drained-with-work")
      node.drain(DRAIN_SPREAD_MS).then(
        () => supervisor.setTimer(forMs, node.start),
        (failure: unknown) => {
          const { code } = toMagpieError(failure)
          judge.reached(`drain-${code}`)
          if (code !== "STORAGE_FENCED") judge.broken(new Violation("I24", `the drain of ${node.name} failed: ${failure}`))
        },
      )
      return NOTHING_TO_UNDO
    },
  },
  "slow-disk": {
    on: "node",
    weight: 2,
    forMs: [100, 4_000],
    waits: true,
    strike({ slowDisks }, { target, amount, struck }) {
      slowDisks.set(target, { ms: 20 + amount * 800, struck })
      return () => void slowDisks.delete(target)
    },
  },
  "full-disk": {
    on: "node",
    weight: 1,
    forMs: [100, 3_000],
    waits: true,
    strike: ({ nodes }, { target, struck }) => nodes[target]?.disk.fill(struck),
  },
  "failed-flush": {
    on: "node",
    weight: 1,
    forMs: AT_ONCE,
    waits: true,
    strike({ nodes }, { target, struck }) {
      nodes[target]?.disk.failNextFlush(struck)
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
    strike({ nodes, broker, judge, supervisor }, { target }) {
      const node = nodes[target]
      if (node === undefined) return undefined
      const backup = node.disk.backup()
      return () => {
        node.kill()
        node.disk.restore(backup)
        // A broker still has what the copy lacks.
        if (broker.model === undefined) judge.restored()
        supervisor.setTimer(RESTART_MS, node.start)
      }
    },
  },
} as const satisfies Record<string, FaultRow>
