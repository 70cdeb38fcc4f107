import type { SeededRandom } from "@magpie/testing"

/** How a scenario was asked for. */
export interface How {
  readonly seed: string
  readonly random: SeededRandom
  /** Short and small, for CI. */
  readonly quick: boolean
  /** The size that was asked for on the command line, where it differs from the scenario's own. */
  readonly size: number | undefined
  readonly seconds: number | undefined
  /** One contender instead of all. */
  readonly only: string | undefined
  /** A directory for what the servers store; removed afterwards. */
  readonly directory: string
  /** Tells people what goes on. */
  note(text: string): void
}

/** One line of the results. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly peer?: string
  readonly peerValue?: number
  /** What is owed at most. A figure above it is said aloud; only a broken promise fails the run. */
  readonly owed?: number
}

export interface Outcome {
  readonly figures: readonly Figure[]
  /** For people, where the figures alone say too little; the first row is the head. */
  readonly table?: readonly (readonly string[])[]
  /** Promises that were broken; empty when all held. */
  readonly broken: readonly string[]
  /** What docs/chaos.json keeps. */
  readonly record: Readonly<Record<string, unknown>>
}

export interface Scenario {
  readonly name: string
  readonly title: string
  /** It has hung when it takes longer. */
  readonly limitMs: (how: How) => number
  run(how: How): Promise<Outcome>
}
