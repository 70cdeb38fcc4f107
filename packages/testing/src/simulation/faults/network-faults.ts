import { AT_ONCE, type FaultRow, NOTHING_TO_UNDO } from "./fault-row.ts"

/** What happens to all links together. */
export const NETWORK_FAULTS = {
  "cut-all": {
    on: "everybody",
    weight: 1,
    forMs: AT_ONCE,
    strike({ network }) {
      network.reset()
      return NOTHING_TO_UNDO
    },
  },
} as const satisfies Record<string, FaultRow>
