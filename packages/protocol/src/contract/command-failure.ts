import { MagpieError, toMagpieError } from "../errors.ts"
import type { CommandErrorData } from "../messages/command.ts"
import type { CommandKind } from "./command-kind.ts"
import { validateFailure } from "./validate.ts"

const MESSAGE_LENGTH = 1_000

/** What a handler throws to fail with a code of its command's contract. Its caller gets the same error. */
export function commandFailure(code: string, data?: unknown, message = `failed: ${code}`): MagpieError {
  return new MagpieError("FAILED", message, {
    details: { error: { code, message, ...(data === undefined ? undefined : { data }) } },
  })
}

/**
 * What a handler threw, as its caller is told it: a code of the contract with its data, or one of Magpie's. Of anything else
 * nothing is told but that it is INTERNAL. Fails with BAD_REQUEST where the data is not what the contract says.
 */
export function failureOf(thrown: unknown, kind: CommandKind | undefined, name: string): CommandErrorData {
  const { code, details, reason } = toMagpieError(thrown)
  if (code === "INTERNAL") return { code, message: "the handler failed" }
  const { error } = details ?? {}
  if (code !== "FAILED" || error === undefined) return { code, message: reason.slice(0, MESSAGE_LENGTH) }
  const its = error as CommandErrorData
  return { ...its, ...(kind && validateFailure(kind, name, its.code, its.data)) }
}

/** What a caller is thrown who only wants the output of a command that ended otherwise. */
export function outcomeError(ended: { readonly id: string; readonly state: string; readonly error?: CommandErrorData }): MagpieError {
  const { id, state, error } = ended
  const details = { command: id, state, ...(error === undefined ? undefined : { error }) }
  if (state === "expired") return new MagpieError("EXPIRED", "the command was not begun before its deadline", { details })
  if (state === "cancelled") return new MagpieError("ABORTED", "the command was cancelled", { details })
  if (state === "failed") return new MagpieError("FAILED", error?.message ?? `failed: ${error?.code}`, { details })
  return new MagpieError("INDETERMINATE", "nobody knows whether the command took effect", { details })
}
