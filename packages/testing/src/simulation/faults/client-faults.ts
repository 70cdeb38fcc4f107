import { AT_ONCE, type FaultRow, NOTHING_TO_UNDO } from "./fault-row.ts"

const DAY_MS = 86_400_000

export const addressOf = (client: number): string => `c${client}`

/** What happens to one client: to its links, its machine, its page, its rights. */
export const CLIENT_FAULTS = {
  reset: {
    on: "client",
    weight: 4,
    forMs: AT_ONCE,
    strike({ network }, { target }) {
      if (network.linksOf(addressOf(target)) === 0) return undefined
      network.reset(addressOf(target))
      return NOTHING_TO_UNDO
    },
  },
  cut: {
    on: "client",
    weight: 2,
    forMs: [50, 3_000],
    strike({ network }, { target }) {
      network.cut(true, addressOf(target))
      return () => network.cut(false, addressOf(target))
    },
  },
  "black-hole": {
    on: "client",
    weight: 2,
    forMs: [100, 9_000],
    strike({ network }, { target }) {
      network.blackHole(true, addressOf(target))
      return () => network.blackHole(false, addressOf(target))
    },
  },
  "half-open": {
    on: "client",
    weight: 2,
    echoMs: 20_000,
    forMs: AT_ONCE,
    strike({ network }, { target }) {
      if (network.linksOf(addressOf(target)) === 0) return undefined
      network.strand(addressOf(target))
      return NOTHING_TO_UNDO
    },
  },
  "slow-reader": {
    on: "client",
    weight: 2,
    forMs: [200, 6_000],
    strike({ network }, { target }) {
      network.stallReaders(true, addressOf(target))
      return () => network.stallReaders(false, addressOf(target))
    },
  },
  "lost-frame": {
    on: "client",
    weight: 3,
    forMs: [300, 2_000],
    waits: true,
    // What is lost on a link that stays up is a message that was passed on, never an answer or a close.
    strike({ network, blindness }, { target, struck }) {
      function pick(frame: string): boolean {
        if (!isOnlyMessages(frame)) return false
        struck()
        blindness.lost(target, frame)
        return true
      }
      return network.loseDown(pick, addressOf(target))
    },
  },
  "slow-link": {
    on: "client",
    weight: 2,
    forMs: [200, 4_000],
    waits: true,
    strike({ slowLinks }, { target, amount, struck }) {
      slowLinks.set(addressOf(target), { ms: 50 + amount * 1_500, struck })
      return () => void slowLinks.delete(addressOf(target))
    },
  },
  "frozen-client": {
    on: "client",
    weight: 2,
    forMs: [500, 40_000],
    strike({ clients }, { target, amount }) {
      const client = clients[target]
      if (client === undefined || client.isAway) return undefined
      client.freeze()
      return () => client.thaw(amount < 0.5)
    },
  },
  "client-clock": {
    on: "client",
    weight: 1,
    forMs: AT_ONCE,
    strike({ clients }, { target, amount }) {
      clients[target]?.jumpWallClock((amount - 0.5) * 2 * DAY_MS)
      return NOTHING_TO_UNDO
    },
  },
  reload: {
    on: "client",
    weight: 1,
    forMs: AT_ONCE,
    strike({ clients }, { target }) {
      clients[target]?.reload()
      return NOTHING_TO_UNDO
    },
  },
  "rights-taken": {
    on: "client",
    weight: 1,
    forMs: [200, 5_000],
    strike: (world, { target, amount }) => world.takeRight(target, amount),
  },
} as const satisfies Record<string, FaultRow>

function isOnlyMessages(frame: string): boolean {
  return frame.split("\n").every((line) => line.startsWith('{"type":"message"'))
}
