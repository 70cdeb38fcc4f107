import type { CommandRow } from "@magpie/journal"
import { type CommandState, isFinal } from "@magpie/protocol"
import { resultOf } from "./command-message.ts"

/** A command as server code reads it. */
export interface ServerCommand {
  readonly id: string
  readonly name: string
  readonly state: CommandState
  /** Offset of its last step. */
  readonly version: number
  /** When that was, when it was called, and until when it may be begun, in milliseconds since 1970. */
  readonly at: number
  readonly calledAt: number
  readonly deadline: number
  readonly from: string | undefined
  /** Undefined once it has ended; the ledger has it. */
  readonly input: unknown
  readonly progress?: unknown
  readonly output?: unknown
  readonly error?: unknown
  /** Somebody asked that it end. */
  readonly isCancelled: boolean
}

export function readCommand(id: string, row: CommandRow): ServerCommand {
  const { name, state, version, at, calledAt, deadline, from, isCancelled } = row
  return {
    id,
    name,
    state,
    version,
    at,
    calledAt,
    deadline,
    from,
    isCancelled,
    input: isFinal(state) ? undefined : (JSON.parse(row.input) as unknown),
    ...resultOf(row),
  }
}
