import { type AnyContract, isMagpieError } from "@magpie/protocol"
import type { Config } from "../config.ts"
import { FIELDS, type Field } from "./fields.ts"
import { isObject } from "./value-kinds.ts"

/** What is wrong with one field of a configuration. */
export interface ConfigProblem {
  /** `limits.connections`; empty where it is the whole. */
  readonly field: readonly string[]
  readonly problem: string
}

/** Everything in a configuration that its schema refuses; nothing is thrown. */
export function findProblems(config: unknown): readonly ConfigProblem[] {
  if (!isObject(config)) return [{ field: [], problem: "needs a default export: export default defineConfig({ … })" }]
  const problems = problemsOf(config, FIELDS, [])
  return problems.length > 0 ? problems : channelProblems(config as unknown as Config)
}

function problemsOf(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Field>>,
  at: readonly string[],
): readonly ConfigProblem[] {
  const unknown = Object.keys(value)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => ({ field: [...at, name], problem: `is no option${suggestion(name, Object.keys(fields))}` }))
  const wrong = Object.entries(fields).flatMap(([name, field]): readonly ConfigProblem[] => {
    const given = value[name]
    const here = [...at, name]
    if (given === undefined) return field.required ? [{ field: here, problem: `is missing: it must be ${field.kind.words}` }] : []
    if (!field.kind.holds(given)) return [{ field: here, problem: `must be ${field.kind.words}` }]
    return field.fields !== undefined && isObject(given) ? problemsOf(given, field.fields, here) : []
  })
  return [...unknown, ...wrong]
}

/** Rules and patterns belong together: a pattern without rules is closed to everybody, which nobody means. */
function channelProblems({ contract, channels }: Config): readonly ConfigProblem[] {
  const patterns = Object.keys(contract.channels)
  const unknown = Object.keys(channels)
    .filter((pattern) => !patterns.includes(pattern))
    .map((pattern) => ({ field: ["channels", pattern], problem: `is no pattern of the contract${suggestion(pattern, patterns)}` }))
  const missing = patterns
    .filter((pattern) => !Object.hasOwn(channels, pattern))
    .map((pattern) => ({ field: ["channels"], problem: `has no rules for "${pattern}": without authorize it is closed to everybody` }))
  return [...unknown, ...missing]
}

/** What a refusal of the server's own says about a configuration. */
export function problemOf(failure: unknown, contract: AnyContract): ConfigProblem {
  if (!isMagpieError(failure)) throw failure
  const { details, reason } = failure
  const option = typeof details?.option === "string" ? details.option.split(".") : []
  const pattern = Object.keys(contract.channels).find((one) => reason.includes(`"${one}"`))
  const field = pattern === undefined ? option : ["channels", pattern, ...option]
  return { field, problem: reason.startsWith(`${option.join(".")} `) ? reason.slice(option.join(".").length + 1) : reason }
}

/** The nearest known word, where one is near enough to have been meant. */
function suggestion(given: string, known: readonly string[]): string {
  const [nearest] = known
    .map((word) => ({ word, distance: distance(given.toLowerCase(), word.toLowerCase()) }))
    .filter((one) => one.distance <= Math.max(1, Math.floor(one.word.length / 4)))
    .sort((a, b) => a.distance - b.distance)
  return nearest === undefined ? "" : `; did you mean ${nearest.word}?`
}

/** Insertions, deletions, replacements and swaps of neighbours from one word to the other (Damerau and Levenshtein). */
function distance(from: string, to: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let index = 1; index <= from.length; index++) {
    const next = [index]
    for (let column = 1; column <= to.length; column++) {
      const same = from[index - 1] === to[column - 1]
      const swapped = index > 1 && from[index - 1] === to[column - 2] && from[index - 2] === to[column - 1]
      const ways = [(row[column - 1] ?? 0) + (same ? 0 : 1), (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1]
      next.push(Math.min(...ways, ...(swapped ? [(before[column - 2] ?? 0) + 1] : [])))
    }
    before = row
    row = next
  }
  return row.at(-1) ?? 0
}
