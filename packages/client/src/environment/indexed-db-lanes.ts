import { MagpieError } from "@magpie/protocol"
import type { Changes, Lane, Lanes } from "../lanes/lanes.ts"

const TABLE = "rows"
const VERSION = 1

/**
 * Lanes in IndexedDB: one database a name, all lanes in one table under `[lane, key]`, each held by a Web Lock, which ends with
 * its page. Pages that came over https or from this machine have both; elsewhere it fails with INVALID_OPTIONS.
 */
export function openLanes(name: string): Lanes {
  const place = `magpie/${name}`
  return {
    async list(keys) {
      const database = await openDatabase(place)
      const all = await answerOf(database.transaction(TABLE).objectStore(TABLE).getAllKeys())
      database.close()
      const lanes = all.map(partsOf).flatMap(([lane, key]) => (String(key).startsWith(keys) ? [Number(lane)] : []))
      return [...new Set(lanes)].sort((a, b) => a - b)
    },
    async open(lane) {
      const release = await hold(`${place}/${lane}`)
      if (release === undefined) return undefined
      try {
        return await createLane(await openDatabase(place), lane, release)
      } catch (thrown) {
        release()
        throw coded(thrown)
      }
    },
  }
}

async function createLane(database: IDBDatabase, lane: number, release: () => void): Promise<Lane> {
  const table = database.transaction(TABLE).objectStore(TABLE)
  // An array sorts behind every text.
  const mine = IDBKeyRange.bound([lane], [lane, []])
  const [keys, values] = await Promise.all([answerOf(table.getAllKeys(mine)), answerOf<unknown[]>(table.getAll(mine))])
  let written: Promise<void> = Promise.resolve()
  return {
    rows: new Map(keys.map((key, index) => [String(partsOf(key)[1]), values[index]])),
    write(changes) {
      const done = writeAll(database, lane, changes).catch((thrown) => {
        throw coded(thrown)
      })
      written = done.catch(() => {})
      return done
    },
    async close() {
      await written
      database.close()
      release()
    },
  }
}

async function writeAll(database: IDBDatabase, lane: number, changes: Changes): Promise<void> {
  // By itself a browser calls a transaction complete before the disk has it.
  const transaction = database.transaction(TABLE, "readwrite", { durability: "strict" })
  const complete = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  const table = transaction.objectStore(TABLE)
  for (const [key, value] of changes) {
    if (value === undefined) table.delete([lane, key])
    else table.put(value, [lane, key])
  }
  return complete
}

async function openDatabase(name: string): Promise<IDBDatabase> {
  if (typeof indexedDB === "undefined" || typeof navigator.locks === "undefined") {
    throw new MagpieError("INVALID_OPTIONS", "outbox needs IndexedDB and Web Locks, which pages have that came over https", {
      details: { field: "outbox" },
    })
  }
  const request = indexedDB.open(name, VERSION)
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE)
  const database = await answerOf(request)
  // Somebody deletes it: what is written from here on fails.
  database.onversionchange = () => database.close()
  return database
}

function partsOf(key: IDBValidKey): readonly IDBValidKey[] {
  return Array.isArray(key) ? key : []
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** Resolves with what frees the lock, or with undefined where another page or worker has it. */
function hold(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock === null) return resolve(undefined)
        return new Promise<void>((release) => resolve(release))
      })
      .catch(reject)
  })
}

function coded(cause: unknown): MagpieError {
  if (cause instanceof MagpieError) return cause
  if (cause instanceof Error && cause.name === "QuotaExceededError") {
    return new MagpieError("LIMIT_EXCEEDED", "the browser gives this page no more room", { details: { limit: "storage" }, cause })
  }
  return new MagpieError("INTERNAL", "IndexedDB failed", { cause })
}
