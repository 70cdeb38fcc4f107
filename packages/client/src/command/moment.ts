import type { Clock } from "@magpie/protocol"

/** A moment by both clocks. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now() }
}

/** At least so much time has passed since: a clock that stands still while the machine sleeps is caught by the other one. */
export function elapsedSince(clock: Clock, { monotonicMs, wallMs }: Moment): number {
  return Math.max(clock.monotonic() - monotonicMs, clock.now() - wallMs)
}
