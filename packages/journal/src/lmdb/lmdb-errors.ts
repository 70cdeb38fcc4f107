import { constants } from "node:os"
import { MagpieError } from "@magpie/protocol"

const MDB_MAP_FULL = -30792
const RETRY_AFTER_MS = 5_000
/** Nothing of the transaction is visible and the next one starts clean: the new root of the tree was never written. */
const NO_SPACE: readonly number[] = [MDB_MAP_FULL, constants.errno.ENOSPC, constants.errno.EDQUOT]

/** Says what a failed transaction means for the storage: UNAVAILABLE leaves it usable, STORAGE_FENCED does not. */
export async function commitError(failure: unknown): Promise<MagpieError> {
  const cause = await underlying(failure)
  if (NO_SPACE.includes(codeOf(cause) ?? 0)) {
    return new MagpieError("UNAVAILABLE", "the disk is full", { retryAfterMs: RETRY_AFTER_MS, cause })
  }
  return new MagpieError("STORAGE_FENCED", "a transaction failed; what the disk holds of it is unknown", { cause })
}

export function openError(directory: string, cause: unknown): MagpieError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MagpieError("UNAVAILABLE", `the storage in ${directory} cannot be opened (${reason}); if it is damaged, restore a backup`, {
    cause,
  })
}

/** lmdb rejects with a general error that carries the promise of the real one. */
async function underlying(failure: unknown): Promise<unknown> {
  if (!(failure instanceof Error) || !("commitError" in failure)) return failure
  try {
    await failure.commitError
    return failure
  } catch (cause) {
    return cause
  }
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : undefined
}
