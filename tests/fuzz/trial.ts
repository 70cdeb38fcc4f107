import { performance } from "node:perf_hooks"
import type { Input, Target } from "./target.ts"

export interface Trial {
  /** What the target said came of it; empty where it broke a promise. */
  readonly outcome: string
  /** In milliseconds per 64 KiB, and for less than that. */
  readonly elapsedMs: number
  /** Which promise was broken; undefined where none was. */
  readonly problem: string | undefined
  /** Whether the problem is the time that it takes. */
  readonly slow: boolean
}

/** An input may take so long for each 64 KiB that it has, and for the first. */
export const MOST_MS = 50
const UNIT = 65_536
/** On a busy machine a single run says little: one that seems slow is run again, and its fastest run counts. */
const MORE_RUNS = 20

interface Run {
  readonly outcome: string
  readonly problem: string | undefined
  readonly ms: number
}

/** Feeds an input twice, and says what came of it. Answers at once where the target does. */
export function trial(target: Target, input: Input): Trial | Promise<Trial> {
  const first = run(target, input)
  return first instanceof Promise ? judgeLater(target, input, first) : judge(target, input, first)
}

function judge(target: Target, input: Input, first: Run): Trial {
  const second = run(target, input) as Run
  let ms = Math.min(first.ms, second.ms)
  for (let left = MORE_RUNS; left > 0 && isSlow(input, ms); left--) ms = Math.min(ms, (run(target, input) as Run).ms)
  return verdict(input, first, second, ms)
}

async function judgeLater(target: Target, input: Input, pending: Promise<Run>): Promise<Trial> {
  const first = await pending
  const second = await run(target, input)
  let ms = Math.min(first.ms, second.ms)
  for (let left = MORE_RUNS; left > 0 && isSlow(input, ms); left--) ms = Math.min(ms, (await run(target, input)).ms)
  return verdict(input, first, second, ms)
}

function verdict(input: Input, first: Run, second: Run, ms: number): Trial {
  const unequal = first.outcome === second.outcome ? undefined : "gives the same twice"
  const broken = first.problem ?? second.problem ?? unequal
  const slow = broken === undefined && isSlow(input, ms)
  const problem = slow ? `takes at most ${MOST_MS} ms for 64 KiB` : broken
  return { outcome: first.outcome, elapsedMs: ms / units(input), problem, slow }
}

function isSlow(input: Input, ms: number): boolean {
  return ms > MOST_MS * units(input)
}

function units(input: Input): number {
  return Math.max(1, input.length / UNIT)
}

/** Where an error came from is one line; to write more of them costs more than most inputs do. Large ones pay what they would. */
const SHORT_STACK = 1
const WHOLE_STACK = 10
const LARGE = 1_024

function run(target: Target, input: Input): Run | Promise<Run> {
  Error.stackTraceLimit = input.length < LARGE ? SHORT_STACK : WHOLE_STACK
  const start = performance.now()
  try {
    const outcome = target.run(input)
    if (!(outcome instanceof Promise)) return { outcome, problem: undefined, ms: performance.now() - start }
    return outcome.then(
      (settled) => ({ outcome: settled, problem: undefined, ms: performance.now() - start }),
      (thrown) => broken(thrown, start),
    )
  } catch (thrown) {
    return broken(thrown, start)
  }
}

function broken(thrown: unknown, start: number): Run {
  return { outcome: "", problem: problemOf(thrown), ms: performance.now() - start }
}

/** The error and where it came from, without what the input put into it. */
function problemOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `threw ${String(thrown)}`
  if (thrown.name === "BrokenPromise") return thrown.message
  const place = /\n\s+at (\S+)/.exec(thrown.stack ?? "")?.[1] ?? "?"
  return `threw ${thrown.name}: ${thrown.message.slice(0, 120)} (in ${place})`
}
