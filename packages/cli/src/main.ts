import { isMagpieError, MagpieError, remedyOf } from "@magpie/protocol"
import { type Command, EXIT, type ExitCode, type Surroundings } from "./command.ts"
import { COMMANDS } from "./commands.ts"
import { helpOf, helpOfAll } from "./help.ts"
import { parseCall } from "./parse-call.ts"
import { surroundings } from "./surroundings.ts"
import { VERSION } from "./version.ts"

async function load(name: string): Promise<Command> {
  const entry = COMMANDS.find((one) => one.name === name)
  if (entry === undefined)
    throw new MagpieError("INVALID_OPTIONS", `there is no command "${name}"`, {
      remedy: `There are ${COMMANDS.map((one) => one.name).join(", ")}.`,
    })
  return entry.load()
}

async function run(words: readonly string[], at: Surroundings): Promise<ExitCode> {
  const [name, ...rest] = words
  if (name === "--version" || name === "-V") return say(at, VERSION)
  if (name === undefined || name === "--help" || name === "-h" || (name === "help" && rest[0] === undefined)) {
    say(at, helpOfAll(COMMANDS, VERSION, at.style))
    return name === undefined ? EXIT.usage : EXIT.done
  }
  if (name === "help") return say(at, helpOf(await load(rest[0] ?? ""), at.style))
  const command = await load(name)
  const parsed = parseCall(command, rest, at)
  return parsed.help ? say(at, helpOf(command, at.style)) : command.run(parsed.call)
}

function say(at: Surroundings, words: string): ExitCode {
  at.print(words)
  return EXIT.done
}

function told(failure: unknown, json: boolean, at: Surroundings): ExitCode {
  const error = isMagpieError(failure) ? failure : new MagpieError("INTERNAL", failure instanceof Error ? failure.message : String(failure))
  const { code, reason, retryable, details } = error
  const remedy = remedyOf(error)
  if (json)
    at.note(JSON.stringify({ error: { code, message: reason, remedy, retryable, ...(details === undefined ? undefined : { details }) } }))
  else at.note(`magpie: ${error.message}\n  ${remedy}`)
  return code === "INVALID_OPTIONS" ? EXIT.usage : EXIT.failed
}

const words = process.argv.slice(2)
const at = surroundings()
// Whoever read our output has enough: `magpie tail … | head -1`.
process.stdout.on("error", (failure: NodeJS.ErrnoException) => {
  if (failure.code === "EPIPE") process.exit(EXIT.done)
  throw failure
})
const code = await run(words, at).catch((failure: unknown) => told(failure, words.includes("--json"), at))
process.stdout.write("", () => process.exit(code))
