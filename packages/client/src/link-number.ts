import type { Clock } from "@magpie/protocol"

/** Links of one session are numbered in their order. By the clock, so that they are over pages that know nothing of each other. */
export function nextLinkNumber(last: number, clock: Clock): number {
  return Math.max(last + 1, Math.floor(clock.now()))
}
