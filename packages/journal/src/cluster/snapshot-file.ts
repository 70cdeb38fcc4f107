// How a snapshot is written into one run of bytes, for stores that keep files or objects.
import { MagpieError } from "@magpie/protocol"
import { crc32 } from "../checksum.ts"
import type { SnapshotPlace } from "./snapshot.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Far more than any chunk has, and little enough to be held. */
const MAX_CHUNK_BYTES = 67_108_864
const LENGTH_BYTES = 4
const LINE_FEED = 0x0a
const CHECKSUM_DIGITS = 8
/** A first line is never longer. */
export const MAX_HEAD_BYTES = 4_096

/** The first line of a file: a checksum and, as JSON, of which place the snapshot is. The chunks behind it have checksums of their own. */
export function encodeHead({ partition, position, mark, hash, epoch }: SnapshotPlace): Uint8Array {
  const json = JSON.stringify({ partition, position, mark, hash, epoch })
  return encoder.encode(`${checksum(json)} ${json}\n`)
}

/** Reads it from the first bytes of a file, with the place where the chunks begin. Undefined where it is not what was written. */
export function decodeHead(bytes: Uint8Array): { readonly place: SnapshotPlace; readonly start: number } | undefined {
  const end = bytes.indexOf(LINE_FEED)
  const line = decoder.decode(bytes.subarray(0, Math.max(0, end)))
  const json = line.slice(CHECKSUM_DIGITS + 1)
  if (end < 0 || line !== `${checksum(json)} ${json}`) return undefined
  try {
    const { partition, position, mark, hash, epoch } = Object(JSON.parse(json)) as Readonly<Record<string, unknown>>
    const isPlace = [partition, position, mark].every(Number.isSafeInteger) && typeof hash === "string" && typeof epoch === "string"
    return isPlace ? { place: { partition, position, mark, hash, epoch } as SnapshotPlace, start: end + 1 } : undefined
  } catch {
    return undefined
  }
}

export function encodeChunk(chunk: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + chunk.length)
  new DataView(bytes.buffer).setUint32(0, chunk.length)
  bytes.set(chunk, LENGTH_BYTES)
  return bytes
}

/**
 * The chunks of what stands behind the first line, in whatever pieces it comes; one that is cut off is left out, since whoever reads them
 * knows the last. Holds one chunk at a time. Fails with UNRECOVERABLE on a length that no chunk has.
 */
export async function* chunksIn(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let wanted = LENGTH_BYTES
  for await (const piece of pieces) {
    held.push(piece)
    heldBytes += piece.length
    if (heldBytes < wanted) continue
    // Copied once for all chunks that are in it.
    let bytes = joined(held, heldBytes)
    for (wanted = LENGTH_BYTES; bytes.length >= wanted; ) {
      const end = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
      if (end > MAX_CHUNK_BYTES) throw damaged()
      wanted = end
      if (bytes.length < end) break
      yield bytes.subarray(LENGTH_BYTES, end)
      bytes = bytes.subarray(end)
      wanted = LENGTH_BYTES
    }
    held = [bytes]
    heldBytes = bytes.length
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

function checksum(text: string): string {
  return crc32(encoder.encode(text)).toString(16).padStart(CHECKSUM_DIGITS, "0")
}

function damaged(): MagpieError {
  return new MagpieError("UNRECOVERABLE", "a snapshot's file is damaged", { details: { reason: "corrupt" } })
}
