import { isMagpieError, MagpieError } from "@magpie/protocol"
import { crc32, crc32Text } from "../checksum.ts"
import { decodeChannelRow } from "../rows/channel-row.ts"
import { isChannelKey, isMessageKey, isRowIndexKey } from "../rows/keys.ts"
import { isIntact, RowReader } from "../rows/row-reader.ts"
import { RowWriter } from "../rows/row-writer.ts"
import { StateMachine } from "../state-machine/state-machine.ts"
import type { Storage, StorageRow, Write } from "../storage/storage.ts"
import type { Snapshot } from "./snapshot.ts"

const CHUNK_ROWS = 256
const CHUNK_BYTES = 262_144
/** A row's own checksum is in front of it; the chunk's covers the rest. */
const HEAD_BYTES = 4

/** A state as pieces of bounded size. Fails with UNRECOVERABLE where a row is damaged or a message is missing. */
export function* chunksOf(rows: Iterable<StorageRow>): Generator<Uint8Array> {
  const sum = new RowSum()
  let chunk: StorageRow[] = []
  let bytes = 0
  for (const row of rows) {
    if (row.value.length >= HEAD_BYTES && !isIntact(row.value)) throw unfit(`the row ${row.key} is damaged`)
    sum.add(row)
    chunk.push(row)
    bytes += row.value.length
    if (chunk.length < CHUNK_ROWS && bytes < CHUNK_BYTES) continue
    yield encodeChunk(chunk)
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield encodeChunk(chunk)
  if (!sum.isWhole) throw unfit("messages are missing")
  yield new RowWriter(64).begin().number(END).number(sum.count).u32(sum.checksum).end()
}

/** Writes a snapshot's rows to an empty storage. Fails with UNRECOVERABLE where it is damaged, cut or not what it says. */
export async function importRows(snapshot: Snapshot, storage: Storage, supports: number): Promise<void> {
  const sum = new RowSum()
  let isEnded = false
  for await (const chunk of snapshot.chunks) {
    if (isEnded || !isIntact(chunk)) throw damaged(snapshot)
    const reader = new RowReader(chunk)
    if (reader.number() === END) {
      isEnded = reader.number() === sum.count && reader.u32() === sum.checksum && sum.isWhole
      if (!isEnded) throw damaged(snapshot)
      continue
    }
    const writes: Write[] = []
    while (!reader.done) {
      const row = { key: reader.text(), value: reader.bytes() }
      sum.add(row)
      writes.push({ put: row.key, value: row.value })
    }
    await storage.commit(writes)
  }
  if (!isEnded) throw damaged(snapshot)
  const machine = machineOf(snapshot, storage, supports)
  if (machine.position !== snapshot.position || machine.stateHash() !== snapshot.hash) throw damaged(snapshot)
}

function machineOf(snapshot: Snapshot, storage: Storage, supports: number): StateMachine {
  try {
    return new StateMachine(storage, supports)
  } catch (cause) {
    // It is the snapshot that is damaged, and not this node's storage.
    throw isMagpieError(cause) && cause.code === "STORAGE_FENCED" ? damaged(snapshot) : cause
  }
}

const ROWS = 1
const END = 2

/** Says of rows in their order whether they are the same, and all. */
class RowSum {
  count = 0
  checksum = 0
  /** By which the messages, and the rows of tables, exceed what the channels say that there are. */
  #surplus = 0

  get isWhole(): boolean {
    return this.#surplus === 0
  }

  add({ key, value }: StorageRow): void {
    this.count++
    this.checksum = crc32(value, 0, Math.min(value.length, HEAD_BYTES), crc32Text(key, this.checksum))
    if (isMessageKey(key) || isRowIndexKey(key)) this.#surplus++
    else if (isChannelKey(key) && isIntact(value)) {
      const { first, newest, holes, table } = decodeChannelRow(value)
      this.#surplus -= table === undefined ? newest - first + 1 - holes : table.rows + table.gone
    }
  }
}

function encodeChunk(rows: readonly StorageRow[]): Uint8Array {
  const writer = new RowWriter().begin().number(ROWS)
  for (const { key, value } of rows) writer.text(key).bytes(value)
  return writer.end()
}

/** Other nodes' states may be sound: this one must not become theirs. */
function unfit(why: string): MagpieError {
  return new MagpieError("UNRECOVERABLE", `this node's state gives no snapshot: ${why}`, { details: { reason: "corrupt" } })
}

function damaged({ partition, position }: Snapshot): MagpieError {
  const details = { reason: "corrupt", partition, position }
  return new MagpieError("UNRECOVERABLE", `the snapshot of partition ${partition} at ${position} is damaged`, { details })
}
