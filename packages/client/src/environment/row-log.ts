import { type FileHandle, open, rename } from "node:fs/promises"
import { dirname } from "node:path"
import process from "node:process"
import { MagpieError } from "@magpie/protocol"
import type { Changes } from "../lanes/lanes.ts"
import { HEADING, lineOf, type RowsRead, readLines } from "./row-lines.ts"

/** Rows in one file: a heading, then a line for each write, which is its checksum and its changes as JSON. */
export interface RowLog {
  /** As they were when it was opened. */
  readonly rows: Changes
  /** Durable when it resolves, all or nothing. Fails with LIMIT_EXCEEDED on a full disk, and with INTERNAL. */
  write(changes: Changes): Promise<void>
  close(): Promise<void>
}

/** A file of so many bytes is written anew when that makes it so many times shorter. */
const REWRITE_FROM_BYTES = 262_144
const REWRITE_GAIN = 4

/**
 * Opens or makes the file. A last line that a crash has cut short was never durable, and is taken off. Fails with UNRECOVERABLE
 * on any other damage, and INVALID_OPTIONS on a stranger's file.
 */
export async function openRowLog(path: string): Promise<RowLog> {
  // Not truncated, made where it is missing, and written where we say.
  let file = await open(path, "a+", 0o600).then(async (made) => {
    await made.close()
    return open(path, "r+")
  })
  const {
    rows,
    end: intact,
    empty,
  } = await readAll(file, path).catch(async (thrown) => {
    await file.close()
    throw thrown
  })
  const live = new Map(rows)
  let end = intact
  let broken: MagpieError | undefined
  let last: Promise<void> = Promise.resolve()
  await file.truncate(end)
  if (empty) {
    await append(HEADING)
    await syncDirectory(path)
  }

  async function append(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    try {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written, end + written)
        written += bytesWritten
      }
    } catch (thrown) {
      // What stands behind the end now would look like damage once something follows it.
      await file.truncate(end).catch(fail)
      throw coded(thrown)
    }
    // After a failed flush nobody knows what the disk has.
    await file.datasync().catch(fail)
    end += bytes.length
  }

  function fail(cause: unknown): never {
    broken = new MagpieError("INTERNAL", `the file ${path} cannot be written any more`, { cause })
    throw broken
  }

  async function write(changes: Changes): Promise<void> {
    if (broken) throw broken
    await append(lineOf(changes))
    for (const [key, value] of changes) {
      if (value === undefined) live.delete(key)
      else live.set(key, value)
    }
    if (end >= REWRITE_FROM_BYTES) await rewrite()
  }

  /** Where it does not succeed, the file stays as it is. */
  async function rewrite(): Promise<void> {
    const text = HEADING + lineOf(live)
    if (Buffer.byteLength(text) * REWRITE_GAIN > end) return
    const fresh = await writeBeside(`${path}.new`, text).catch(() => undefined)
    if (fresh === undefined) return
    await file.close()
    file = fresh
    end = Buffer.byteLength(text)
    await rename(`${path}.new`, path).then(() => syncDirectory(path), fail)
  }

  return {
    rows,
    write(changes) {
      const done = last.then(() => write(changes))
      last = done.catch(() => {})
      return done
    },
    async close() {
      await last
      await file.close()
    },
  }
}

/** What the file says now, without touching it: it may be somebody else's. */
export async function readRowLog(path: string): Promise<Changes> {
  const file = await open(path, "r")
  try {
    return (await readAll(file, path)).rows
  } finally {
    await file.close()
  }
}

async function readAll(file: FileHandle, path: string): Promise<RowsRead> {
  return readLines(await file.readFile(), path)
}

async function writeBeside(path: string, text: string): Promise<FileHandle> {
  const file = await open(path, "w", 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
    return file
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}

/** A new name is durable when its directory is. Windows cannot flush one. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return
  const directory = await open(dirname(path), "r")
  await directory.sync().finally(() => directory.close())
}

const FULL: readonly unknown[] = ["ENOSPC", "EDQUOT"]

function coded(cause: unknown): MagpieError {
  if (FULL.includes((cause as NodeJS.ErrnoException).code)) {
    return new MagpieError("LIMIT_EXCEEDED", "the disk is full", { details: { limit: "storage" }, cause })
  }
  return new MagpieError("INTERNAL", "the outbox's file cannot be written", { cause })
}
