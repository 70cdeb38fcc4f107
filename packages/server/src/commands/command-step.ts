import type { CommandStep, ReportedState } from "@magpie/journal"
import {
  type CommandKind,
  commandError,
  type ErrorCode,
  type JsonText,
  type Limits,
  MagpieError,
  toJsonText,
  validateFailure,
  validatePart,
} from "@magpie/protocol"
import type { AnyHandlers } from "../channel-rules.ts"

/** A call as somebody wants it. */
export interface WantedCall {
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly deadlineMs?: number | undefined
}

type CommandLimits = Pick<Limits, "openCommands" | "rememberedCommands" | "commandBytes" | "progressPerCommand">

/** Checks a call against the contract. `runner`: this server runs it itself. Fails with BAD_REQUEST naming the field, and TOO_LARGE. */
export function callStep(kind: CommandKind, wanted: WantedCall, limits: CommandLimits, runner: string | undefined): CommandStep {
  const { id, name, input, deadlineMs = kind.deadlineMs } = wanted
  if (id === "") throw badField("command", "must not be empty")
  if (!(Number.isSafeInteger(deadlineMs) && deadlineMs >= 0 && deadlineMs <= kind.maxDeadlineMs))
    throw badField("deadlineMs", `must be a whole number of at most ${kind.maxDeadlineMs}`)
  const data = bounded(validatePart(kind, name, "input", input), limits)
  const { deliveryMs, reportMs } = kind
  const deliverMs = runner === undefined ? deliveryMs : undefined
  return {
    action: "call",
    id,
    name,
    data,
    deadlineMs,
    deliverMs,
    reportMs,
    runner,
    most: limits.openCommands,
    keep: limits.rememberedCommands,
  }
}

/** Fails with UNAVAILABLE where the server runs the channel's commands, and not this one: nobody else serves it. */
export function requireRunner(handlers: AnyHandlers | undefined, name: string): void {
  if (handlers !== undefined && (!Object.hasOwn(handlers, name) || handlers[name] === undefined)) throw refusedStep("UNAVAILABLE")
}

/** What somebody says of a command that he runs. */
export interface WantedReport {
  readonly id: string
  readonly state: ReportedState
  readonly data?: unknown
}

/** Checks a report of the command of that name against the contract. Fails as `callStep`. */
export function reportStep(
  kind: CommandKind,
  name: string,
  { id, state, data }: WantedReport,
  by: { readonly fence: number } | { readonly runner: string },
  limits: CommandLimits,
): CommandStep {
  const result = checkedResult(kind, name, state, data)
  const text = result === undefined ? undefined : bounded(result, limits)
  return { action: "report", id, state, ...by, data: text, most: limits.progressPerCommand }
}

/** What is absent is for the contract to judge too: an output may be nothing, progress and an error are something. */
function checkedResult(kind: CommandKind, name: string, state: ReportedState, data: unknown): unknown {
  if (state === "done") return validatePart(kind, name, "output", data)
  if (state === "progress") {
    const progress = validatePart(kind, name, "progress", data)
    if (progress === undefined) throw badField("data", "must be present")
    return progress
  }
  if (state === "failed") {
    const error = commandError.check(data, "data")
    const known = validateFailure(kind, name, error.code, error.data)
    return known === undefined ? error : { ...error, ...known }
  }
  if (data !== undefined) throw badField("data", `does not go with ${state}`)
  return undefined
}

function bounded(value: unknown, { commandBytes }: CommandLimits): JsonText {
  const text = toJsonText(value)
  if (text.length * 3 <= commandBytes || new TextEncoder().encode(text).length <= commandBytes) return text
  throw new MagpieError("TOO_LARGE", `longer than ${commandBytes} bytes`, { details: { limit: "commandBytes" } })
}

function badField(field: string, why: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `${field} ${why}`, { details: { field: `data.${field}` } })
}

/** What the log says of a step. */
export function refusedStep(code: ErrorCode): MagpieError {
  // Asked again it may be otherwise, but the contract has it refused at once.
  const details = code === "UNAVAILABLE" ? { isServed: false } : undefined
  return new MagpieError(code, WHY[code] ?? "this was refused", { details })
}

const WHY: Partial<Record<ErrorCode, string>> = {
  BAD_REQUEST: "a report of progress has its data",
  CONFLICT: "the id stands for another command, it has ended otherwise, or somebody else serves the channel",
  EXPIRED: "the command's deadline has passed",
  UNRECOVERABLE: "no command of that id is remembered",
  FORBIDDEN: "somebody else has called it",
  UNAVAILABLE: "nobody serves the channel now",
  LIMIT_EXCEEDED: "the channel has no room for more commands, or the command for more progress",
}
