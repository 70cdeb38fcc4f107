import type { Env, LogLevel } from "@magpie/protocol"
import { type FakeClock, type FakeClockOptions, fakeClock } from "./fake-clock.ts"
import { type SeededRandom, seededRandom } from "./seeded-random.ts"

export interface LoggedLine {
  readonly level: LogLevel
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface FakeEnv extends Env {
  readonly clock: FakeClock
  readonly random: SeededRandom
  /** Every line logged so far, oldest first. */
  readonly lines: readonly LoggedLine[]
}

export interface FakeEnvOptions extends FakeClockOptions {
  readonly seed?: number | string
}

/** A world under a test's control: a clock that stands still, randomness from a seed, a log that is kept. */
export function fakeEnv(options: FakeEnvOptions = {}): FakeEnv {
  const lines: LoggedLine[] = []
  return {
    clock: fakeClock(options),
    random: seededRandom(options.seed ?? 1),
    log: (level, event, fields = {}) => void lines.push({ level, event, fields }),
    lines,
  }
}
