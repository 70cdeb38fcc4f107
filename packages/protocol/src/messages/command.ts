import { anything, boolean, type Infer, integer, object, oneOf, optional, text } from "../shape.ts"

/** The name under which the steps of commands are published and stand in the ledger. No message of a contract can have it. */
export const COMMAND = "$command"

/** The life of a command. `progress` may come again and again; from `done` on it has ended, once and for all [G9]. */
export const COMMAND_STATES = [
  "queued",
  "delivered",
  "started",
  "progress",
  "done",
  "failed",
  "expired",
  "cancelled",
  "indeterminate",
] as const
export type CommandState = (typeof COMMAND_STATES)[number]

export function isFinal(state: CommandState): boolean {
  return COMMAND_STATES.indexOf(state) >= COMMAND_STATES.indexOf("done")
}

/**
 * Client → server, as the data of a publish of the name `$command`. A `call` has command, name and input, and how long it may wait or,
 * of the contract's deadline, has waited already; a `cancel` the command,
 * a `leave` the fence, a `serve` the fence and epoch under which it comes back, a `report` command, fence and state, and progress, output or error as its data.
 */
export const commandRequest = object({
  action: oneOf("call", "cancel", "serve", "leave", "report"),
  command: optional(text(128)),
  name: optional(text(64)),
  input: optional(anything),
  deadlineMs: optional(integer(0)),
  waitedMs: optional(integer(0)),
  fence: optional(integer(1)),
  epoch: optional(text(64)),
  state: optional(oneOf("delivered", "started", "progress", "done", "failed", "expired", "cancelled", "indeterminate")),
  data: optional(anything),
})
export type CommandRequestData = Infer<typeof commandRequest>

/** Why a command failed: a code of its contract with data of its own, or one of Magpie's. */
export const commandError = object({ code: text(64), message: optional(text(1_000)), data: optional(anything) })
export type CommandErrorData = Infer<typeof commandError>

/**
 * Server → client: a command as it is now, told to who called it on this connection and to who serves the channel. `version` is
 * the offset of its last step; of two the higher one counts. `now` is the server's time when it was told. Only who serves the
 * channel is given the `input`.
 */
export const command = object({
  type: oneOf("command"),
  channel: text(1_024),
  command: text(128),
  name: text(64),
  state: oneOf(...COMMAND_STATES),
  version: integer(1),
  at: integer(0),
  now: integer(0),
  calledAt: integer(0),
  deadline: integer(0),
  from: optional(text(256)),
  input: optional(anything),
  progress: optional(anything),
  output: optional(anything),
  error: optional(commandError),
  cancel: optional(boolean),
})
export type Command = Infer<typeof command>

/**
 * Server → client: this connection serves the channel's commands no longer. After CONFLICT somebody else does. With a command: it
 * has called that one, and is told of it no longer.
 */
export const unserved = object({
  type: oneOf("unserved"),
  channel: text(1_024),
  command: optional(text(128)),
  code: text(64),
  message: text(1_000),
})
export type Unserved = Infer<typeof unserved>
