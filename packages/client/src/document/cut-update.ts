import { ContentAny, ContentJSON, ContentString, createID, decodeUpdate, type GC, Item, Skip, UpdateEncoderV1 } from "yjs"
import { varint } from "./varint.ts"

type Struct = Item | GC

/** What a piece has beside its structs, at most. */
const FRAME_BYTES = 64
/** Ranges of deletions in a piece take so many bytes at most. */
const RANGE_BYTES = 20

/**
 * Cuts an update into several of at most so many bytes, which together are the same edit: applied in their order, nothing ever waits
 * for what is still to come. What cannot be cut (a large binary value, say) makes a piece that is larger.
 */
export function cutUpdate(update: Uint8Array, most: number): readonly Uint8Array[] {
  if (update.length <= most) return [update]
  const { structs, ds } = decodeUpdate(update)
  const pieces: Uint8Array[] = []
  const room = Math.max(1, most - FRAME_BYTES)
  let run: { first: Struct; count: number; bytes: Uint8Array[]; length: number; next: number } | undefined

  function finish(): void {
    if (run !== undefined) pieces.push(joined([1, run.count, run.first.id.client, run.first.id.clock], run.bytes, [0]))
    run = undefined
  }

  for (const struct of structs) {
    if (struct instanceof Skip) continue
    for (const part of partsOf(struct, room)) {
      const bytes = bytesOf(part)
      const { client, clock } = part.id
      if (run === undefined || run.first.id.client !== client || run.next !== clock || run.length + bytes.length > room) {
        finish()
        run = { first: part, count: 0, bytes: [], length: 0, next: clock }
      }
      run.count++
      run.bytes.push(bytes)
      run.length += bytes.length
      run.next += part.length
    }
  }
  finish()
  const ranges = Math.max(1, Math.floor(room / RANGE_BYTES))
  for (const [client, items] of ds.clients) {
    for (let index = 0; index < items.length; index += ranges) {
      const some = items.slice(index, index + ranges)
      pieces.push(joined([0, 1, client, some.length, ...some.flatMap(({ clock, len }) => [clock, len])], [], []))
    }
  }
  return pieces
}

/** The struct itself where it fits, else halves of it, and so on. */
function partsOf(struct: Struct, room: number): readonly Struct[] {
  if (!(struct instanceof Item) || struct.length < 2 || bytesOf(struct).length <= room) return [struct]
  const halves = halvesOf(struct)
  return halves === undefined ? [struct] : halves.flatMap((half) => partsOf(half, room))
}

/** As Yjs splits what somebody writes into. */
function halvesOf(item: Item): readonly [Item, Item] | undefined {
  const { id, origin, rightOrigin, parent, parentSub, content } = item
  const at = middleOf(item)
  const [left, right] = [0, at].map((from, index) => {
    const to = index === 0 ? at : item.length
    if (content instanceof ContentString) return new ContentString(content.str.slice(from, to))
    if (content instanceof ContentAny) return new ContentAny(content.arr.slice(from, to))
    return content instanceof ContentJSON ? new ContentJSON(content.arr.slice(from, to)) : undefined
  })
  if (left === undefined || right === undefined || at === 0) return undefined
  const behind = createID(id.client, id.clock + at)
  const before = createID(id.client, id.clock + at - 1)
  return [
    new Item(id, null, origin, null, rightOrigin, parent, parentSub, left),
    new Item(behind, null, before, null, rightOrigin, parent, parentSub, right),
  ]
}

/** Not between the halves of a character; 0 where there is no such place. */
function middleOf({ content, length }: Item): number {
  const at = length >> 1
  if (!(content instanceof ContentString)) return at
  const unit = content.str.charCodeAt(at - 1)
  return unit >= 0xd800 && unit <= 0xdbff ? at - 1 : at
}

function bytesOf(struct: Struct): Uint8Array {
  const encoder = new UpdateEncoderV1()
  struct.write(encoder, 0)
  // It ends with the deletions, of which there are none, and which are not written here.
  return encoder.toUint8Array()
}

function joined(head: readonly number[], parts: readonly Uint8Array[], tail: readonly number[]): Uint8Array {
  const bytes = [Uint8Array.from(head.flatMap(varint)), ...parts, Uint8Array.from(tail.flatMap(varint))]
  const whole = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const each of bytes) {
    whole.set(each, end)
    end += each.length
  }
  return whole
}
