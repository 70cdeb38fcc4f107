import type { Counts, JsonText, PresentText, Publication, ServerCodec } from "@magpie/protocol"
import { bytesOf } from "./client-codec.ts"
import { listHead, packPlain } from "./pack.ts"
import { concatenate } from "./unpack.ts"

type Writers = Pick<
  ServerCodec,
  "encodePublication" | "encodePage" | "encodeRow" | "encodeRows" | "encodePresence" | "encodeWatched" | "encodeMembers"
>

/** A field whose value is packed already; left out where that is undefined. */
type Packed = readonly [name: Uint8Array, value: Uint8Array | undefined]

const DATA = packPlain("data")
const CHANGED = packPlain("changed")
const MESSAGES = packPlain("messages")
const ROWS = packPlain("rows")
const FIELDS = packPlain("fields")
const STATE = packPlain("state")
const PAGE = packPlain("page")
const JOINED = packPlain("joined")
const UPDATED = packPlain("updated")

type Pack = (text: JsonText) => Uint8Array

/** The messages around values that are written as JSON already. What others may read later is taken over as `packedOf` gives it, the rest is packed. */
export function createWriters(pack: Pack, packedOf: Pack): Writers {
  /** Alone it says what it is and where; in a page the page does. */
  function publicationOf({ channel, offset, since, mark, at, from, ref, name, data, changed }: Publication, type?: "message"): Uint8Array {
    const fields = { type, channel: type && channel, offset, since, mark, at, from, ref, name }
    const packed = offset === undefined ? pack(data) : packedOf(data)
    return withFields(fields, [DATA, packed], [CHANGED, changed && packedOf(changed)])
  }

  const presentOf = ({ member, user, at, state }: PresentText): Uint8Array => withFields({ member, user, at }, [STATE, packedOf(state)])

  const updateOf = ({ member, state }: Pick<PresentText, "member" | "state">): Uint8Array =>
    withFields({ member }, [STATE, packedOf(state)])

  return {
    encodePublication: (publication) => publicationOf(publication, "message"),
    encodePage({ id, channel, more, position }, publications) {
      const messages = listOf(publications, (publication) => publicationOf(publication))
      return withFields({ type: "history", id, channel, more, position }, [MESSAGES, messages])
    },
    encodeRow: ({ key, version, count, born, at, from, data, fields, gone }) =>
      withFields({ key, version, count, born, at, from, gone }, [DATA, data && packedOf(data)], [FIELDS, fields && packedOf(fields)]),
    encodeRows: ({ channel, since, position, reset, more, intervalMs, slowedBy }, rows) =>
      withFields({ type: "rows", channel, since, position, reset, more, intervalMs, slowedBy }, [ROWS, listOf(rows, bytesOf)]),
    encodePresence({ channel, since, version, counts, joined, updated, left }) {
      const fields = { type: "presence", channel, since, version, counts: countsOf(counts), left: filled(left) }
      return withFields(fields, [JOINED, listOf(filled(joined), presentOf)], [UPDATED, listOf(filled(updated), updateOf)])
    },
    encodeWatched({ id, channel, mode, answer, epoch, version, counts, next, settlesInMs }, page) {
      const fields = { type: "watched", id, channel, mode, answer, epoch, version, counts: countsOf(counts), next, settlesInMs }
      return withFields(fields, [PAGE, listOf(page, presentOf)])
    },
    encodeMembers({ id, channel, counts, next }, page) {
      return withFields({ type: "members", id, channel, counts: countsOf(counts), next }, [PAGE, listOf(page, presentOf)])
    },
  }
}

function countsOf({ members, users }: Counts): Counts {
  return { members, users }
}

/** A list that is left out where it is empty. */
function filled<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items
}

function listOf<T>(items: readonly T[] | undefined, write: (item: T) => Uint8Array): Uint8Array | undefined {
  return items && concatenate([listHead(items.length), ...items.map(write)])
}

/** An object of plain fields and of such that are packed already. No message of Magpie's has more than fifteen. */
function withFields(fields: object, ...packed: readonly Packed[]): Uint8Array {
  const parts = [packPlain(fields)]
  for (const [name, value] of packed) if (value !== undefined) parts.push(name, value)
  const whole = concatenate(parts)
  // The first byte of a short object says how many fields it has.
  whole[0] = (whole[0] ?? 0) + (parts.length - 1) / 2
  return whole
}
