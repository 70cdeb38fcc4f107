import { isMagpieError, type UnrecoverableReason } from "@magpie/protocol"

/** What of a log is gone, as a failed read says; undefined where it failed for another reason. */
export function holeOf(failure: unknown): { readonly reason: UnrecoverableReason; readonly to: number } | undefined {
  if (!isMagpieError(failure) || failure.code !== "UNRECOVERABLE") return undefined
  const { reason, to } = failure.details ?? {}
  if (typeof to !== "number" || (reason !== "trimmed" && reason !== "expired" && reason !== "corrupt")) return undefined
  return { reason, to }
}
