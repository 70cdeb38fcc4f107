import { isMagpieError, MagpieError } from "@magpie/protocol"
import { type Database, open, type RootDatabase, type Transaction } from "lmdb"
import type { RangeOptions, Storage, StorageRow, Write } from "../storage/storage.ts"
import { claim, type HeldDirectory, holdDirectory, incarnationOf, readFormat, refuseUnreadableFile } from "./directory.ts"
import { commitError, openError, readError } from "./lmdb-errors.ts"

/** LMDB's limit with pages of 4 KiB. */
const KEY_BYTES = 1_978
const MAP_SIZE_BYTES = 268_435_456
const ROWS = "rows"

export interface LmdbOptions {
  /** Made where it is missing, readable by this user only. */
  readonly directory: string
  /** Address space to begin with; it grows by itself. Default 256 MiB. */
  readonly mapSizeBytes?: number
}

type Rows = Database<Uint8Array, string>
type RowBounds = NonNullable<Parameters<Rows["getRange"]>[0]>

/** Keys as plain UTF-8, so that their order is that of their bytes. */
const UTF8_KEYS = {
  writeKey: (key: string, target: Buffer, start: number): number => start + target.write(key, start, "utf8"),
  readKey: (source: Buffer, start: number, end: number): string => source.toString("utf8", start, end),
}

const BINARY = { encoding: "binary", keyEncoder: UTF8_KEYS } as const

/**
 * Opens a directory on the local disk; a resolved commit has reached the disk. One process holds a directory, until it
 * closes it or ends in any way. Fails with CONFLICT (another holds it), INVALID_OPTIONS (another format; nothing was
 * changed) or UNAVAILABLE (not readable, damaged).
 */
export function lmdb({ directory, mapSizeBytes = MAP_SIZE_BYTES }: LmdbOptions): Storage {
  const held = hold(directory)
  const { dataPath, flushEntries, release } = held
  let root: RootDatabase<Uint8Array, string> | undefined
  let slot: Transaction | undefined
  try {
    refuseUnreadableFile(dataPath)
    // With overlapping syncs a failed flush leaves rows visible that are not durable, and the next commit succeeds.
    const durable = { overlappingSync: false, eventTurnBatching: false } as const
    root = open<Uint8Array, string>({ path: dataPath, mapSize: mapSizeBytes, ...durable, ...BINARY })
    slot = root.useReadTransaction()
    const id = claim(root, directory, readFormat(root))
    const rows = root.openDB<Uint8Array, string>({ name: ROWS, ...BINARY })
    flushEntries()
    const storage = new LmdbStorage(root, rows, incarnationOf(id, dataPath), held)
    slot.done()
    return storage
  } catch (cause) {
    slot?.done()
    void root?.close()
    release()
    throw isMagpieError(cause) ? cause : openError(directory, cause)
  }
}

function hold(directory: string): HeldDirectory {
  try {
    return holdDirectory(directory)
  } catch (cause) {
    throw isMagpieError(cause) ? cause : openError(directory, cause)
  }
}

class LmdbStorage implements Storage {
  readonly level = "disk"
  readonly incarnation: string
  readonly #root: RootDatabase<Uint8Array, string>
  readonly #rows: Rows
  readonly #dataPath: string
  readonly #release: () => void
  /** What reads see: it moves on when a commit resolves, never in between, and stays where it is once one has failed. */
  #snapshot: { readonly transaction: Transaction }
  #state: "open" | "closed" = "open"
  #fenced: MagpieError | undefined
  #tail: Promise<void> = Promise.resolve()

  constructor(root: RootDatabase<Uint8Array, string>, rows: Rows, incarnation: string, { dataPath, release }: HeldDirectory) {
    this.#root = root
    this.#rows = rows
    this.incarnation = incarnation
    this.#dataPath = dataPath
    this.#release = release
    rows.resetReadTxn()
    this.#snapshot = { transaction: rows.useReadTransaction() }
  }

  get(key: string): Uint8Array | undefined {
    this.#refuseClosed()
    try {
      return this.#rows.get(key, this.#snapshot)
    } catch (cause) {
      throw this.#damaged(cause)
    }
  }

  range({ from, to, reverse = false, limit }: RangeOptions): Iterable<StorageRow> {
    this.#refuseClosed()
    if (to === "") return []
    // The lowest key there can be, as an empty one is not allowed.
    const first = from === "" ? "\0" : from
    const bounds = reverse ? { start: to, exclusiveStart: true, end: first, inclusiveEnd: true, reverse } : { start: first, end: to }
    return this.#read({ ...bounds, ...this.#snapshot, ...(limit === undefined ? {} : { limit }) })
  }

  *#read(bounds: RowBounds): Iterable<StorageRow> {
    try {
      yield* this.#rows.getRange(bounds)
    } catch (cause) {
      throw this.#damaged(cause)
    }
  }

  /** Whoever goes on writing into a tree that is damaged damages more of it. */
  #damaged(cause: unknown): MagpieError {
    const error = readError(cause, this.#dataPath)
    this.#fenced ??= error
    return error
  }

  /** One at a time, so that a commit becomes visible when its own promise resolves and not with the one before it. */
  commit(writes: readonly Write[]): Promise<void> {
    if (this.#state === "closed") return Promise.reject(closedError())
    const unwritable = writes.find((write) => !isKey("put" in write ? write.put : write.remove))
    if (unwritable !== undefined) return Promise.reject(new MagpieError("TOO_LARGE", `a key is empty or longer than ${KEY_BYTES} bytes`))
    const done = this.#tail.then(() => this.#commit(writes))
    this.#tail = done.catch(() => {})
    return done
  }

  async close(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closed"
      this.#tail = this.#tail.then(() => this.#close())
    }
    return this.#tail
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    if (this.#fenced !== undefined) throw this.#fenced
    if (writes.length === 0) return
    try {
      await this.#rows.batch(() => {
        for (const write of writes) {
          if ("put" in write) void this.#rows.put(write.put, write.value)
          else void this.#rows.remove(write.remove)
        }
      })
    } catch (failure) {
      const error = await commitError(failure, this.#dataPath, bytesOf(writes))
      if (error.code === "STORAGE_FENCED")
        this.#fenced = new MagpieError("STORAGE_FENCED", "an earlier transaction failed", { cause: error })
      throw error
    }
    this.#moveOn()
  }

  #moveOn(): void {
    const { transaction: before } = this.#snapshot
    this.#rows.resetReadTxn()
    this.#snapshot = { transaction: this.#rows.useReadTransaction() }
    // Only now: the slot of a snapshot is also the sign that this process holds the directory.
    before.done()
  }

  async #close(): Promise<void> {
    this.#snapshot.transaction.done()
    await this.#root.close()
    this.#release()
  }

  #refuseClosed(): void {
    if (this.#state === "closed") throw closedError()
  }
}

function closedError(): MagpieError {
  return new MagpieError("CLOSED", "the storage is closed")
}

function bytesOf(writes: readonly Write[]): number {
  return writes.reduce((sum, write) => sum + ("put" in write ? write.value.length : 0), 0)
}

function isKey(key: string): boolean {
  return key !== "" && (key.length * 3 <= KEY_BYTES || Buffer.byteLength(key) <= KEY_BYTES)
}
