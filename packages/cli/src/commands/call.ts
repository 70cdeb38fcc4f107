import { randomUUID } from "node:crypto"
import { type CommandOutcome, type Commands, commands } from "@magpie/client/command"
import { type AnyContract, MagpieError } from "@magpie/protocol"
import { command, duration, EXIT, type ExitCode, option, type Surroundings } from "../command.ts"
import { CONNECTING, withClient } from "../connecting.ts"
import { parseJson } from "../parse-json.ts"

/** How it is told that a command ended so: who calls it from a script has to know whether it took effect. */
const ENDS: Readonly<Record<Outcome["state"], ExitCode>> = {
  done: EXIT.done,
  failed: EXIT.failed,
  expired: EXIT.expired,
  cancelled: EXIT.cancelled,
  indeterminate: EXIT.indeterminate,
}

type Outcome = CommandOutcome<unknown, string>

/** Commands whose names and inputs the server alone knows. */
interface UntypedCommands extends Omit<Commands<unknown>, "outcome"> {
  outcome(
    name: string,
    input: unknown,
    options: Readonly<Record<string, unknown>> & { readonly onProgress: (progress: unknown) => void },
  ): Promise<Outcome>
}

export const callCommand = command({
  name: "call",
  summary: "call a command of a device or of the server, and wait for its end",
  arguments: [
    { name: "channel", about: "whose" },
    { name: "command", about: "the command's name in the contract" },
    { name: "input", about: "its input as JSON; null unless told", optional: true },
  ],
  options: {
    ...CONNECTING,
    deadline: option("duration", "how long it may wait until it is begun; as the contract says unless told", { parse: duration }),
    id: option("id", "what it is known by: called again with the same one, it is the same command; drawn at random unless told", {
      parse: idOf,
    }),
  },
  notes: [
    "The last line is how it ended. Ctrl+C asks that it end, and waits for what becomes of it; once more, and nobody waits.",
    `Exit codes: ${EXIT.done} done, ${EXIT.failed} failed or refused, ${EXIT.expired} expired, ${EXIT.cancelled} cancelled, ${EXIT.indeterminate} indeterminate: nobody knows whether it took effect.`,
  ],
  run: ({ options: { deadline, id = randomUUID(), ...connecting }, arguments: [channel = "", name = "", input = "null"], json, at }) => {
    const given = parseJson(input, "input")
    return withClient(connecting, at, async ({ client }) => {
      const callee = commands(client.channel(channel as keyof AnyContract["channels"]) as never) as unknown as UntypedCommands
      const say = createSaying(id, json, at)
      say.id()
      const outcome = await callee.outcome(name, given, {
        id,
        ...(deadline !== undefined && { deadlineMs: deadline }),
        signal: at.stopped,
        onState: say.state,
        onProgress: say.progress,
      })
      say.end(outcome)
      return ENDS[outcome.state]
    })
  },
})

const LONGEST_ID = 128

function idOf(given: string): string {
  if (given !== "" && given.length <= LONGEST_ID) return given
  throw new MagpieError("INVALID_OPTIONS", `must have 1 to ${LONGEST_ID} characters`)
}

function createSaying(id: string, json: boolean, at: Surroundings) {
  const line = (type: string, fields: object): void => at.print(JSON.stringify({ type, id, ...fields }))
  return {
    /** Before all else, so that a call of which nobody heard the end can be called again. */
    id(): void {
      if (!json) at.note(at.style.faint(`id ${id}`))
    },
    /** Progress and ends come with what there is to say of them. */
    state(state: string): void {
      if (state === "progress" || state in ENDS) return
      if (json) line("state", { state })
      else at.print(at.style.faint(state))
    },
    progress(progress: unknown): void {
      if (json) line("progress", { progress })
      else at.print(`${at.style.faint("progress")}  ${JSON.stringify(progress)}`)
    },
    end(outcome: Outcome): void {
      if (json) return at.print(JSON.stringify({ type: "end", ...outcome }))
      const { style } = at
      if (outcome.state === "done") at.print(`${style.good("done")}  ${JSON.stringify(outcome.output ?? null)}`)
      else if (outcome.state === "failed") at.print(`${style.bad("failed")}  ${JSON.stringify(outcome.error)}`)
      else at.print(style.bad(outcome.state))
    },
  }
}
