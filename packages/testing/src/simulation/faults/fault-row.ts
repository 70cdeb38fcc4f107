import type { World } from "../world.ts"

/** What a fault strikes with: `amount` is a share from 0 to 1, drawn with the plan. */
export interface Strike {
  readonly target: number
  readonly amount: number
  readonly forMs: number
  /** To be called when it meets work, by those that lie in wait for it. */
  readonly struck: () => void
}

export interface FaultRow {
  readonly on: "client" | "node" | "everybody"
  /** How often it is drawn beside the others; 0 for what a plan has in a part of its own. */
  readonly weight: number
  /** Only where several nodes share a broker. */
  readonly cluster?: boolean
  /** How long it lasts. Nothing for what happens at once. */
  readonly forMs: readonly [minimum: number, maximum: number]
  /** How long after its end it may still be felt: until heartbeats have noticed. */
  readonly echoMs?: number
  /** It only lies in wait, and counts from when it strikes. */
  readonly waits?: true
  /** Does it, and returns how to undo it; undefined where there was nothing to strike. */
  readonly strike: (world: World, strike: Strike) => (() => void) | undefined
}

/** What takes longer for a while. */
export interface Delay {
  readonly ms: number
  readonly struck: () => void
}

/** How much longer it takes this time. */
export function delayBy(delay: Delay | undefined): number {
  delay?.struck()
  return delay?.ms ?? 0
}

export const NOTHING_TO_UNDO = (): void => {}
/** How long a fault lasts that happens in one moment. */
export const AT_ONCE = [0, 0] as const
