import { statfsSync } from "node:fs"
import { constants } from "node:os"
import { MagpieError } from "@magpie/protocol"

const MDB_MAP_FULL = -30792
const RETRY_AFTER_MS = 5_000
/** Nothing of the transaction is visible and the next one starts clean: the new root of the tree was never written. */
const NO_SPACE: readonly number[] = [MDB_MAP_FULL, constants.errno.ENOSPC, constants.errno.EDQUOT]

/** With less space than this left, a write that stopped in the middle is taken for a full disk. */
const LITTLE_SPACE_BYTES = 1_048_576

/**
 * Says what a failed transaction of so many bytes means for the storage: UNAVAILABLE leaves it usable, STORAGE_FENCED does
 * not. LMDB calls a write that ran out of space in the middle EIO, as a broken disk, so the space left decides; that is
 * safe, as it stops before the root of the tree is written and the next transaction writes all its pages again.
 */
export async function commitError(failure: unknown, dataPath: string, bytes: number): Promise<MagpieError> {
  const cause = await underlying(failure)
  const code = codeOf(cause) ?? 0
  if (NO_SPACE.includes(code) || (code === constants.errno.EIO && spaceLeft(dataPath) < LITTLE_SPACE_BYTES + bytes)) {
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

/** LMDB met a page that is not what the tree says. Mostly it ends the process instead [F107]. */
export function readError(cause: unknown, dataPath: string): MagpieError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new MagpieError("STORAGE_FENCED", `${dataPath} is damaged (${reason}); restore a backup`, { cause })
}

function spaceLeft(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
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
