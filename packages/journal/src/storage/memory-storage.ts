import { type AckLevel, type Clock, MagpieError } from "@magpie/protocol"
import { compareUtf8, SortedKeys } from "./sorted-keys.ts"
import type { RangeOptions, Storage, StorageRow, Write } from "./storage.ts"

export interface MemoryStorageOptions {
  /** Needed where `commitDelayMs` is given. */
  readonly env?: { readonly clock: Clock }
  /** How long a commit takes, as a disk would. Default: it resolves on the next microtask. */
  readonly commitDelayMs?: number
  readonly incarnation?: string
  readonly level?: AckLevel
}

/** A storage that forgets with its process, and a model of a disk for tests. */
export interface MemoryStorage extends Storage {
  /** What its rows take, roughly: their keys and values, and what each costs beside them. */
  readonly bytes: number
  /** What a power loss leaves: a new storage with the resolved commits and nothing of those under way, which never settle. */
  crash(options?: MemoryStorageOptions): MemoryStorage
  /** Fails the next commit; `unavailable` is a full disk, which leaves the storage usable, `fenced` a failed flush. */
  failNextCommit(how: "unavailable" | "fenced"): void
  /** Flips one bit of a stored value, as a bad disk does. Returns whether there was such a row. */
  damage(key: string): boolean
}

/** Of a row beside its key and its value: its places in the map and in the order of the keys. */
const ROW_BYTES = 128

export function memoryStorage(options: MemoryStorageOptions = {}): MemoryStorage {
  return createMemoryStorage(options, new Map())
}

function createMemoryStorage(options: MemoryStorageOptions, rows: Map<string, Uint8Array>): MemoryStorage {
  const keys = new SortedKeys()
  for (const key of rows.keys()) keys.add(key)
  let bytes = 0
  for (const [key, value] of rows) bytes += bytesOf(key, value)
  let state: "open" | "fenced" | "crashed" | "closed" = "open"
  let nextFailure: "unavailable" | "fenced" | undefined
  let tail: Promise<unknown> = Promise.resolve()

  function refusal(): MagpieError | undefined {
    if (state === "fenced") return new MagpieError("STORAGE_FENCED", "an earlier commit failed")
    if (state === "closed") return new MagpieError("CLOSED", "the storage is closed")
    return undefined
  }

  async function commitInTurn(writes: readonly Write[]): Promise<void> {
    await passTime(options)
    if (state === "crashed") return new Promise<void>(() => {})
    if (state === "fenced") throw refusal()
    const failure = nextFailure
    nextFailure = undefined
    if (failure === "unavailable") throw new MagpieError("UNAVAILABLE", "the disk is full", { retryAfterMs: 1_000 })
    if (failure === "fenced") {
      state = "fenced"
      throw new MagpieError("STORAGE_FENCED", "a flush to the disk failed")
    }
    apply(writes)
  }

  function apply(writes: readonly Write[]): void {
    for (const write of writes) {
      const key = "put" in write ? write.put : write.remove
      const before = rows.get(key)
      bytes -= bytesOf(key, before)
      if ("put" in write) {
        bytes += bytesOf(key, write.value)
        rows.set(key, write.value)
        if (before === undefined) keys.add(key)
      } else if (before !== undefined) {
        rows.delete(key)
        keys.remove(key)
      }
    }
  }

  function refuseClosed(): void {
    if (state === "closed") throw new MagpieError("CLOSED", "the storage is closed")
  }

  return {
    level: options.level ?? "memory",
    incarnation: options.incarnation ?? "memory",
    get bytes() {
      return bytes
    },
    get(key) {
      refuseClosed()
      return rows.get(key)
    },
    range(range) {
      refuseClosed()
      return rangeOf(rows, keys, range)
    },
    commit(writes) {
      const refused = refusal()
      if (refused !== undefined) return Promise.reject(refused)
      // A caller may reuse its buffers once the call returns only if they were copied; a disk has them, so copy.
      const copied = writes.map((write) => ("put" in write ? { put: write.put, value: write.value.slice() } : write))
      const done = tail.then(() => commitInTurn(copied))
      tail = done.catch(() => {})
      return done
    },
    async close() {
      await (state === "crashed" ? undefined : tail)
      if (state === "open") state = "closed"
    },
    crash(next = options) {
      state = "crashed"
      return createMemoryStorage({ ...options, ...next }, new Map(rows))
    },
    failNextCommit: (how) => {
      nextFailure = how
    },
    damage(key) {
      const value = rows.get(key)?.slice()
      if (value === undefined) return false
      const last = value.length - 1
      value[last] = (value[last] ?? 0) ^ 1
      rows.set(key, value)
      return true
    },
  }
}

function bytesOf(key: string, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : key.length + value.length + ROW_BYTES
}

function passTime({ env, commitDelayMs }: MemoryStorageOptions): Promise<void> {
  if (commitDelayMs === undefined || env === undefined) return Promise.resolve()
  return new Promise((resolve) => void env.clock.setTimer(commitDelayMs, resolve))
}

function* rangeOf(rows: ReadonlyMap<string, Uint8Array>, keys: SortedKeys, options: RangeOptions): Generator<StorageRow> {
  const { from, to, reverse = false, limit = Number.POSITIVE_INFINITY } = options
  let given = 0
  let key = reverse ? keys.before(to) : keys.atOrAfter(from)
  while (key !== undefined && given < limit) {
    if (reverse ? compareUtf8(key, from) < 0 : compareUtf8(key, to) >= 0) return
    const value = rows.get(key)
    if (value !== undefined) yield { key, value }
    given++
    key = reverse ? keys.before(key) : keys.atOrAfter(`${key}\0`)
  }
}
