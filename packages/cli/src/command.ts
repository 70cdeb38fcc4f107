import { MagpieError } from "@magpie/protocol"

/** What the process ended with. What ended in none of the first three ways is a call's. */
export const EXIT = { done: 0, failed: 1, usage: 2, expired: 3, cancelled: 4, indeterminate: 5 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** One option of a command: how it is written, and what becomes of it. */
export interface Option<T> {
  readonly about: string
  /** One letter. */
  readonly short?: string
  /** What the value is called in the help; undefined for a flag. */
  readonly value: string | undefined
  readonly several: boolean
  /** Environment variables that are asked where the option is not given, the first first. */
  readonly env: readonly string[]
  /** Options whose place it takes: where one of them is written, the environment is not asked. */
  readonly insteadOf?: readonly string[]
  /** Files or directories, for completion. */
  readonly completes?: "file" | "directory" | readonly string[]
  /** The option's value, of all that was written. Fails with INVALID_OPTIONS. */
  readonly read: (given: readonly string[]) => T
}

interface ValueOptions<T> {
  readonly short?: string
  readonly env?: readonly string[]
  readonly insteadOf?: readonly string[]
  readonly completes?: "file" | "directory" | readonly string[]
  readonly parse: (text: string) => T
}

export function flag(about: string, short?: string): Option<boolean> {
  return {
    about,
    ...(short === undefined ? undefined : { short }),
    value: undefined,
    several: false,
    env: [],
    read: (given) => given.length > 0,
  }
}

/** An option with a value; undefined where nobody gave it. Given twice, the last counts. */
export function option<T>(value: string, about: string, { parse, env = [], ...rest }: ValueOptions<T>): Option<T | undefined> {
  return {
    about,
    value,
    several: false,
    env,
    ...rest,
    read(given) {
      const last = given.at(-1)
      return last === undefined ? undefined : parse(last)
    },
  }
}

/** An option that may be repeated. */
export function repeated(value: string, about: string): Option<readonly string[]> {
  return { about, value, several: true, env: [], read: (given) => given }
}

export const text = (given: string): string => given

export function wholeNumber(least: number, most: number): (given: string) => number {
  return (given) => {
    const number = Number(given)
    if (given.trim() !== "" && Number.isInteger(number) && number >= least && number <= most) return number
    throw new MagpieError("INVALID_OPTIONS", `"${given}" is no whole number from ${least} to ${most}`)
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `30s`, `15m`, `12h`, `7d`. Fails with INVALID_OPTIONS. */
export function duration(given: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(given)
  const unit = UNIT_MS[match?.[2] ?? ""]
  if (match === null || unit === undefined) throw new MagpieError("INVALID_OPTIONS", `"${given}" is no duration: write 30s, 15m, 12h or 7d`)
  return Number(match[1]) * unit
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type OptionValues<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** A word that is not an option. */
export interface Argument {
  readonly name: string
  readonly about: string
  readonly optional?: boolean
  readonly choices?: readonly string[]
}

/** Where a command is called, and what it says to. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** One line on standard output. */
  readonly print: (line: string) => void
  /** One line on standard error: what is no result. */
  readonly note: (line: string) => void
  readonly style: Style
  /** Lines of standard input. */
  readonly lines: () => AsyncIterable<string>
  /** Fires at the first SIGINT or SIGTERM. */
  readonly stopped: AbortSignal
}

/** Makes words stand out, where somebody sees it and wants it. */
export interface Style {
  bold(words: string): string
  good(words: string): string
  bad(words: string): string
  faint(words: string): string
}

export interface Call<O> {
  readonly options: OptionValues<O>
  readonly arguments: readonly string[]
  /** Results and errors as JSON, one a line. */
  readonly json: boolean
  readonly at: Surroundings
}

export interface Command {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly Argument[]
  readonly options: Options
  /** What the help says below the options. */
  readonly notes: readonly string[]
  run(call: Call<never>): Promise<ExitCode>
}

interface Definition<O extends Options> extends Omit<Command, "run" | "arguments" | "options" | "notes"> {
  readonly arguments?: readonly Argument[]
  readonly options: O
  readonly notes?: readonly string[]
  run(call: Call<O>): Promise<ExitCode>
}

/** Ties what a command does to the types of its options. */
export function command<const O extends Options>(definition: Definition<O>): Command {
  return { arguments: [], notes: [], ...definition, run: definition.run as Command["run"] }
}
