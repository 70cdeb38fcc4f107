import { type MemoryStorage, memoryStorage, StateMachine } from "@magpie/journal"
import type { SnapshotPlace } from "../../../packages/journal/src/cluster/snapshot.ts"
import { chunksIn, decodeHead, encodeChunk, encodeHead } from "../../../packages/journal/src/cluster/snapshot-file.ts"
import { chunksOf, importRows } from "../../../packages/journal/src/cluster/snapshot-rows.ts"
import { RowReader } from "../../../packages/journal/src/rows/row-reader.ts"
import { refusalOf } from "../refusals.ts"
import { insist, type Target } from "../target.ts"
import { mendChecksum } from "./rows.ts"
import { EPOCH, storageWith } from "./stored-log.ts"

const SUPPORTS = 1
const whole = await storageWith()
const { position, hash } = placeOf(whole)
const PLACE: SnapshotPlace = { partition: 0, position, mark: 77, hash, epoch: EPOCH }
const CHUNKS = [...chunksOf(rowsOf(whole))]

function placeOf(storage: MemoryStorage): { readonly position: number; readonly hash: string } {
  const machine = new StateMachine(storage, SUPPORTS)
  return { position: machine.position, hash: machine.stateHash() }
}

function rowsOf(storage: MemoryStorage) {
  return storage.range({ from: "", to: "\u{10ffff}" })
}

const file = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat([encodeHead(PLACE), ...chunks.map(encodeChunk)])
/** In front of a file: whether the checksums of its chunks are made to fit, or those of its rows and all the others. */
const AS_IT_IS = 0
const CHUNKS_FIT = 1
const ALL_FIT = 2
const labelled = (bytes: Uint8Array): readonly Uint8Array[] =>
  [AS_IT_IS, CHUNKS_FIT, ALL_FIT].map((label) => Uint8Array.of(label, ...bytes))

/** A snapshot's file as a disk gives it back: refused, or taken, and then it is the state that was written. */
export const snapshots: Target = {
  name: "snapshot",
  share: 5,
  corpus: [file(CHUNKS), file(CHUNKS.slice(0, 1)), file([...CHUNKS, ...CHUNKS.slice(-1)])].flatMap(labelled),
  maxLength: 65_536,
  async run(input) {
    const bytes = (input as Uint8Array).slice(1)
    const head = decodeHead(bytes)
    if (head === undefined) return "no snapshot"
    insist(Buffer.compare(encodeHead(head.place), encodeHead(PLACE)) === 0, "names the place that was written")
    const mended = input[0] !== AS_IT_IS
    const storage = memoryStorage()
    const chunks = chunksIn(inPieces(bytes.subarray(head.start)))
    const refusal = await refusalIn(async () => {
      const given = input[0] === ALL_FIT ? await rewritten(chunks) : mended ? mendedOf(chunks) : chunks
      await importRows({ ...head.place, chunks: given }, storage, SUPPORTS)
    })
    if (refusal !== undefined) return refusal
    insist(mended || same(storage, whole), "takes the state that was written, and no other")
    const again = memoryStorage()
    const unfit = await refusalIn(() => importRows({ ...head.place, chunks: chunksOf(rowsOf(storage)) }, again, SUPPORTS))
    insist(mended || unfit === undefined, "gives a snapshot of what it has taken")
    insist(unfit !== undefined || same(again, storage), "writes what it has read so that it reads the same again")
    return `accepted ${unfit ?? "and given on"}`
  },
}

async function refusalIn(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (thrown) {
    return refusalOf(thrown, ["UNRECOVERABLE"])
  }
}

function* inPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000)
}

async function* mendedOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const copy = chunk.slice()
    mendChecksum(copy)
    yield copy
  }
}

/** The same rows as a sound snapshot, whatever they say. */
async function rewritten(chunks: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const rows = new Map<string, Uint8Array>()
  for await (const chunk of chunks) {
    const reader = new RowReader(chunk)
    const isEnd = reader.number() !== 1
    while (!isEnd && !reader.done) {
      const [key, value] = [reader.text(), reader.bytes().slice()]
      mendChecksum(value)
      rows.set(key, value)
    }
  }
  return [...chunksOf([...rows].map(([key, value]) => ({ key, value })))]
}

function same(a: MemoryStorage, b: MemoryStorage): boolean {
  const [these, those] = [[...rowsOf(a)], [...rowsOf(b)]]
  return these.length === those.length && these.every((row, index) => isSame(row, those[index]))
}

type Row = ReturnType<typeof rowsOf> extends Iterable<infer R> ? R : never

function isSame({ key, value }: Row, other: Row | undefined): boolean {
  return other !== undefined && key === other.key && Buffer.compare(value, other.value) === 0
}
