import { MagpieError } from "@magpie/protocol"
import { isIntact, RowReader } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { StateMachine } from "../state-machine/state-machine.ts"
import type { Storage, Write } from "../storage/storage.ts"

const CHUNK_ROWS = 256
const CHUNK_BYTES = 262_144

/** Everything that a node must know to go on from a place of a partition's log without what came before. */
export interface SnapshotPlace {
  readonly partition: number
  readonly position: number
  /** Of the record at that position, by which a node sees that the log is still the same. */
  readonly mark: number
  readonly hash: string
  readonly epoch: string
}

export interface Snapshot extends SnapshotPlace {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Where snapshots are kept, for all nodes. */
export interface SnapshotStore {
  /** Resolves when the whole of it is durable; before that nobody sees it. Fails with UNAVAILABLE. */
  put(snapshot: Snapshot): Promise<void>
  /** The one with the highest position below `before`. Fails with UNAVAILABLE. */
  newest(partition: number, before: number): Promise<Snapshot | undefined>
}

/** A store for tests and for nodes of one process. */
export function memorySnapshots(): SnapshotStore {
  const kept: (Omit<Snapshot, "chunks"> & { readonly chunks: readonly Uint8Array[] })[] = []
  return {
    async put(snapshot) {
      const chunks: Uint8Array[] = []
      for await (const chunk of snapshot.chunks) chunks.push(chunk.slice())
      kept.push({ ...snapshot, chunks })
    },
    async newest(partition, before) {
      const fitting = kept.filter((one) => one.partition === partition && one.position < before)
      return fitting.reduce<Snapshot | undefined>(
        (best, one) => (best === undefined || one.position > best.position ? one : best),
        undefined,
      )
    },
  }
}

/** The rows of a state that nothing is applied to meanwhile. Rows of this node alone stay here. */
export function* exportRows(storage: Storage): Generator<Uint8Array> {
  let total = 0
  let rows: { readonly key: string; readonly value: Uint8Array }[] = []
  let bytes = 0
  for (const row of storage.range({ from: "", to: LAST_KEY })) {
    if (row.key.startsWith(LOCAL)) continue
    rows.push(row)
    bytes += row.value.length
    total++
    if (rows.length < CHUNK_ROWS && bytes < CHUNK_BYTES) continue
    yield encodeChunk(rows)
    rows = []
    bytes = 0
  }
  if (rows.length > 0) yield encodeChunk(rows)
  yield new RowWriter(64).begin().number(END).number(total).end()
}

/** Writes a snapshot's rows to an empty storage. Fails with UNRECOVERABLE where it is damaged, cut or not what it says. */
export async function importRows(snapshot: Snapshot, storage: Storage, supports: number): Promise<void> {
  let count = 0
  let total: number | undefined
  for await (const chunk of snapshot.chunks) {
    if (total !== undefined || !isIntact(chunk)) throw damaged(snapshot)
    const reader = new RowReader(chunk)
    if (reader.number() === END) {
      total = reader.number()
      continue
    }
    const writes: Write[] = []
    while (!reader.done) writes.push({ put: reader.text(), value: reader.bytes() })
    count += writes.length
    await storage.commit(writes)
  }
  if (total !== count) throw damaged(snapshot)
  const machine = new StateMachine(storage, supports)
  if (machine.position !== snapshot.position || machine.stateHash() !== snapshot.hash) throw damaged(snapshot)
}

const LOCAL = "l/"
const LAST_KEY = "\u{10ffff}"
const ROWS = 1
const END = 2

function encodeChunk(rows: readonly { readonly key: string; readonly value: Uint8Array }[]): Uint8Array {
  const writer = new RowWriter().begin().number(ROWS)
  for (const { key, value } of rows) writer.text(key).bytes(value)
  return writer.end()
}

function damaged({ partition, position }: SnapshotPlace): MagpieError {
  const details = { reason: "corrupt", partition, position }
  return new MagpieError("UNRECOVERABLE", `the snapshot of partition ${partition} at ${position} is damaged`, { details })
}
