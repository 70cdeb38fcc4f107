import type { Clock } from "@magpie/protocol"

/** How fast messages may leave, so that a server that counts them has nothing to refuse. */
export interface Pace {
  /** Milliseconds until one more may leave when so many leave before it; 0 where it may now. */
  delayMs(ahead: number): number
  /** One leaves. It may go into debt, which those after it pay. */
  take(): void
}

/** The share of the server's rate that is used: its clock is not ours, and links bunch together what was sent apart. */
const SHARE = 0.95
/** The burst, as the time in which it fills: twice what leaves in a second. */
const BURST_MS = 2_000
/** What sums of fractions may be off by. */
const ROUNDING_MS = 0.001

/** The server's own rule, as one number: the time at which what has left is paid for. Without a rate nothing waits. */
export function createPace(clock: Clock, perSecond: number | undefined): Pace {
  const costMs = perSecond ? 1_000 / (perSecond * SHARE) : 0
  let paidAt = 0
  const aheadMs = (): number => Math.max(0, paidAt - clock.monotonic())
  return {
    delayMs: (ahead) => Math.max(0, aheadMs() + (ahead + 1) * costMs - Math.max(BURST_MS, costMs) - ROUNDING_MS),
    take() {
      paidAt = clock.monotonic() + aheadMs() + costMs
    },
  }
}
