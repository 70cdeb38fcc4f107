import type { FaultRow } from "./fault-row.ts"

const STATES = [
  { webSockets: "refuse", streams: "pass" },
  { webSockets: "drop", streams: "pass" },
  { webSockets: "mute", streams: "pass" },
  { webSockets: "refuse", streams: "buffer" },
  { webSockets: "mute", streams: "buffer" },
] as const

/** What makes clients change their transport. Where they have one only, they would wait for its end. */
export const TRANSPORT_FAULTS = {
  middlebox: {
    on: "everybody",
    weight: 6,
    forMs: [1_000, 9_000],
    strike({ network }, { amount }) {
      Object.assign(network.middlebox, STATES[Math.floor(amount * STATES.length)])
      // Whoever is connected finds out.
      network.reset()
      return () => Object.assign(network.middlebox, { webSockets: "pass", streams: "pass" })
    },
  },
} as const satisfies Record<string, FaultRow>
