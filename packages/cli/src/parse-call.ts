import { parseArgs } from "node:util"
import { MagpieError } from "@magpie/protocol"
import { type Call, type Command, flag, type Options, type Surroundings } from "./command.ts"

/** What every command understands. */
export const COMMON: Options = {
  json: flag("print results and errors as JSON, one a line"),
  help: flag("say what this command does", "h"),
}

export type Parsed = { readonly help: true } | { readonly help: false; readonly call: Call<never> }

/** Reads the words behind a command's name. Fails with INVALID_OPTIONS. */
export function parseCall(command: Command, words: readonly string[], at: Surroundings): Parsed {
  const options = { ...COMMON, ...command.options }
  const { values, positionals } = parseWords(options, words)
  const given = (name: string): readonly string[] => values[kebab(name)]?.map(String) ?? []
  if (given("help").length > 0) return { help: true }
  checkArguments(command, positionals)
  const read = Object.entries(command.options).map(([name, option]) => {
    const asked = (option.insteadOf ?? []).some((other) => given(other).length > 0) ? { ...option, env: [] } : option
    return [name, readOption(name, asked, given(name), at)]
  })
  return {
    help: false,
    call: { options: Object.fromEntries(read) as never, arguments: positionals, json: given("json").length > 0, at },
  }
}

function parseWords(options: Options, words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { value, short }]) => [
          kebab(name),
          { type: value === undefined ? "boolean" : "string", multiple: true, ...(short === undefined ? undefined : { short }) },
        ]),
      ),
    }) as { readonly values: Readonly<Record<string, readonly (string | boolean)[] | undefined>>; readonly positionals: readonly string[] }
  } catch (cause) {
    throw new MagpieError("INVALID_OPTIONS", firstSentence(cause), { cause })
  }
}

function readOption(name: string, option: Options[string], written: readonly string[], { env }: Surroundings): unknown {
  const variable = written.length > 0 ? undefined : option.env.find((one) => env[one] !== undefined)
  try {
    return option.read(variable === undefined ? written : [env[variable] ?? ""])
  } catch (cause) {
    const { reason } = cause as MagpieError
    throw new MagpieError("INVALID_OPTIONS", `${variable ?? `--${kebab(name)}`}: ${reason}`, { cause })
  }
}

function checkArguments({ name, arguments: wanted }: Command, given: readonly string[]): void {
  const missing = wanted.find((argument, index) => !argument.optional && given[index] === undefined)
  if (missing !== undefined) throw new MagpieError("INVALID_OPTIONS", `magpie ${name} needs <${missing.name}>: ${missing.about}`)
  const extra = given[wanted.length]
  if (extra !== undefined) throw new MagpieError("INVALID_OPTIONS", `magpie ${name} takes no "${extra}"`)
  for (const [index, { name: word, choices }] of wanted.entries()) {
    const chosen = given[index]
    if (chosen !== undefined && choices !== undefined && !choices.includes(chosen))
      throw new MagpieError("INVALID_OPTIONS", `<${word}> is one of ${choices.join(", ")}`)
  }
}

/** `--expires-in` of `expiresIn`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Node goes on to explain how its own parser is told otherwise. */
function firstSentence(cause: unknown): string {
  const [first = ""] = String(cause instanceof Error ? cause.message : cause).split(". ")
  return first.replace(/\.$/, "")
}
