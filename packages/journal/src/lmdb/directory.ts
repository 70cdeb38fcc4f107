import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { MagpieError } from "@magpie/protocol"
import type { RootDatabase } from "lmdb"
import { findDamagedPage } from "./check-pages.ts"

/** Layout of the file. A file of any other version is not opened. */
const FORMAT_VERSION = 1
const FORMAT_ROW = "format"
const OWNER_ROW = "owner"
const DATA_FILE = "data.mdb"

const LOCK_FILE = "lock"

/** Directories that this process holds: LMDB's own table tells processes apart, not two openings by one. */
const held = new Set<string>()

export interface HeldDirectory {
  readonly dataPath: string
  /** Flushes the entries that lead to its files, once these are there: a flushed file may still lose its name with the power. */
  readonly flushEntries: () => void
  readonly release: () => void
}

/** Makes the directory where it is missing and locks it. Fails with CONFLICT. */
export function holdDirectory(directory: string): HeldDirectory {
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = realpathSync(directory)
  if (held.has(path)) throw conflict(directory, String(process.pid))
  const lock = lockFile(join(path, LOCK_FILE), directory)
  held.add(path)
  const release = (): void => {
    if (held.delete(path)) closeSync(lock)
  }
  const outermost = made === undefined ? path : realpathSync(dirname(made))
  return { dataPath: join(path, DATA_FILE), flushEntries: () => flushUpTo(path, outermost), release }
}

function flushUpTo(path: string, outermost: string): void {
  flushDirectory(path)
  if (path !== outermost && path !== dirname(path)) flushUpTo(dirname(path), outermost)
}

/** What systems say that flush no directory; PostgreSQL passes over the same (`fsync_fname_ext`). */
const FLUSHES_NONE = ["EACCES", "EBADF", "EINVAL", "EISDIR", "EPERM"]

function flushDirectory(path: string): void {
  let file: number | undefined
  try {
    file = openSync(path, "r")
    fsyncSync(file)
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && FLUSHES_NONE.includes(String(cause.code)))) throw cause
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/**
 * The kernel's lock on an open file: it ends with the process in whatever way that ends, a lock file that is left behind
 * means nothing, and it holds between containers, whose process ids say nothing to each other. Node cannot ask for it, but
 * the lock belongs to the open file and not to who asks, so `flock` of util-linux or busybox does, on the file it inherits.
 * Where there is no such program, LMDB's table of readers alone keeps processes apart (see `claim`).
 */
function lockFile(path: string, directory: string): number {
  const file = openSync(path, "a+", 0o600)
  const { status } = spawnSync("flock", ["-x", "-n", "3"], { stdio: ["ignore", "ignore", "ignore", file] })
  if (status === FLOCK_HELD) {
    closeSync(file)
    throw conflict(directory, readFileSync(path, "utf8"))
  }
  ftruncateSync(file)
  writeSync(file, String(process.pid))
  return file
}

const FLOCK_HELD = 1

/** Of a larger tree the upper levels and as many of the leaves: 32 MiB, which a start can wait for. */
const MOST_PAGES = 8_192

/**
 * LMDB does not refuse a file that is not its own, or a page that is damaged, it crashes. Fails with UNAVAILABLE; an empty
 * file is a new one [F107].
 */
export function refuseUnreadableFile(dataPath: string): void {
  if (!existsSync(dataPath)) return
  const damage = findDamagedPage(dataPath, MOST_PAGES)
  if (damage === undefined) return
  throw new MagpieError("UNAVAILABLE", `${dataPath} cannot be read: ${damage}; move it away and restore a backup`, {
    details: { damage },
  })
}

/** Reads the format row before anything is written. Fails with INVALID_OPTIONS on a stranger's or a newer file [F110]. */
export function readFormat(root: RootDatabase<Uint8Array, string>): { readonly id: string } | undefined {
  const row = root.get(FORMAT_ROW)
  if (row === undefined) {
    if (isEmpty(root)) return undefined
    throw new MagpieError("INVALID_OPTIONS", "the directory holds an LMDB file that is not Magpie's; choose another directory")
  }
  const [version, id] = Buffer.from(row).toString("utf8").split(" ")
  if (version === String(FORMAT_VERSION) && id !== undefined) return { id }
  const details = { found: version, known: FORMAT_VERSION }
  const advice = "start the Magpie that wrote it, or move the directory away and restore a backup of this version; nothing was changed"
  throw new MagpieError("INVALID_OPTIONS", `the storage has format ${version}, this Magpie knows ${FORMAT_VERSION}: ${advice}`, { details })
}

/**
 * Makes this process the one that holds the file, as far as processes see each other's ids. Race-free, since claims are made one at a time in a write transaction,
 * and a killed holder frees it by itself: whoever holds it also holds a slot in LMDB's table of readers, which the kernel's
 * record lock on the lock file proves to be alive. The caller must hold its own slot (a read transaction) by now.
 */
export function claim(root: RootDatabase<Uint8Array, string>, directory: string, format: { readonly id: string } | undefined): string {
  const id = format?.id ?? randomBytes(8).toString("hex")
  let holder: number | undefined
  root.transactionSync(() => {
    root.readerCheck()
    const owner = Number(Buffer.from(root.get(OWNER_ROW) ?? []).toString("utf8"))
    if (owner !== process.pid && readers(root).has(owner)) {
      holder = owner
      return
    }
    root.putSync(OWNER_ROW, Buffer.from(String(process.pid)))
    if (format === undefined) root.putSync(FORMAT_ROW, Buffer.from(`${FORMAT_VERSION} ${id}`))
  })
  if (holder !== undefined) throw conflict(directory, String(holder))
  return id
}

/**
 * A copy that is put back is a new file: it has another inode or, since file systems give a freed inode out again at once,
 * at least another time of birth. Writing a copy over the old file in place is not noticed here.
 */
export function incarnationOf(id: string, dataPath: string): string {
  const { ino, birthtimeNs } = statSync(dataPath, { bigint: true })
  return `${id}.${ino.toString(36)}.${birthtimeNs.toString(36)}`
}

/** Processes with a read transaction, by LMDB's own listing: a heading, then a line for each that starts with its id. */
function readers(root: RootDatabase<Uint8Array, string>): Set<number> {
  const ids = root
    .readerList()
    .split("\n")
    .map((line) => Number.parseInt(line, 10))
  return new Set(ids.filter((id) => id > 0))
}

function isEmpty(root: RootDatabase<Uint8Array, string>): boolean {
  const stats = root.getStats()
  return "entryCount" in stats && stats.entryCount === 0
}

function conflict(directory: string, holder: string): MagpieError {
  const who = holder === String(process.pid) ? "this process, or one of the same id in another container," : `process ${holder}`
  return new MagpieError("CONFLICT", `${who} holds the storage in ${directory}; only one server may`, { details: { directory, holder } })
}
