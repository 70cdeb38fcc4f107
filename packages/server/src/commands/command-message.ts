import type { CommandRow } from "@magpie/journal"
import type { Command, CommandErrorData, JsonText } from "@magpie/protocol"

/** A command as it is told. Its input is for who runs it alone. */
export function commandMessage(channel: string, id: string, row: CommandRow, now: number, withInput: boolean): Command {
  const { name, state, version, at, calledAt, deadline, from, isCancelled } = row
  return {
    type: "command",
    channel,
    command: id,
    ...{ name, state, version, at, now: Math.max(now, at), calledAt, deadline },
    ...(from === undefined ? undefined : { from }),
    ...(withInput ? { input: JSON.parse(row.input) as unknown } : undefined),
    ...resultOf(row),
    ...(isCancelled ? { cancel: true } : undefined),
  }
}

/** What it gave: progress while it runs, an output or an error when it has ended. */
export function resultOf({ state, result }: Pick<CommandRow, "state" | "result">): Pick<Command, "progress" | "output" | "error"> {
  if (result === undefined) return {}
  if (state === "done") return { output: parsed(result) }
  if (state === "failed") return { error: parsed(result) as CommandErrorData }
  return state === "progress" ? { progress: parsed(result) } : {}
}

function parsed(text: JsonText): unknown {
  return JSON.parse(text)
}
