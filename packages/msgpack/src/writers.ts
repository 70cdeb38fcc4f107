import type { Counts, JsonText, PresentText, Publication, ServerCodec } from "@magpie/protocol"
import { listHead, packPlain } from "./pack.ts"
import { concatenate } from "./unpack.ts"

type Writers = Pick<ServerCodec, "encodePublication" | "encodePage" | "encodePresence" | "encodeWatched" | "encodeMembers">

const NAMES = Object.fromEntries(
  ["data", "changed", "messages", "state", "page", "joined", "updated"].map((name) => [name, packPlain(name)]),
)

/** The messages around values that are written as JSON already, and are taken over as `packedOf` gives them. */
export function createWriters(packedOf: (text: JsonText) => Uint8Array): Writers {
  function publicationOf({ offset, since, mark, at, from, ref, name, data, changed }: Publication, around: object = {}): Uint8Array {
    const packed = { data: packedOf(data), changed: changed && packedOf(changed) }
    return withFields({ ...around, offset, since, mark, at, from, ref, name }, packed)
  }

  const presentOf = ({ member, user, at, state }: PresentText): Uint8Array => withFields({ member, user, at }, { state: packedOf(state) })

  const updateOf = ({ member, state }: Pick<PresentText, "member" | "state">): Uint8Array =>
    withFields({ member }, { state: packedOf(state) })

  return {
    encodePublication: (publication) => publicationOf(publication, { type: "message", channel: publication.channel }),
    encodePage({ id, channel, more, position }, publications) {
      const messages = listOf(publications, (publication) => publicationOf(publication))
      return withFields({ type: "history", id, channel, more, position }, { messages })
    },
    encodePresence({ channel, since, version, counts, joined, updated, left }) {
      const lists = { joined: listOf(filled(joined), presentOf), updated: listOf(filled(updated), updateOf) }
      return withFields({ type: "presence", channel, since, version, counts: countsOf(counts), left: filled(left) }, lists)
    },
    encodeWatched({ id, channel, mode, answer, epoch, version, counts, next, settlesInMs }, page) {
      const fields = { type: "watched", id, channel, mode, answer, epoch, version, counts: countsOf(counts), next, settlesInMs }
      return withFields(fields, { page: listOf(page, presentOf) })
    },
    encodeMembers({ id, channel, counts, next }, page) {
      return withFields({ type: "members", id, channel, counts: countsOf(counts), next }, { page: listOf(page, presentOf) })
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
function withFields(fields: object, packed: Readonly<Record<string, Uint8Array | undefined>>): Uint8Array {
  const parts = [packPlain(fields)]
  let added = 0
  for (const [name, value] of Object.entries(packed)) {
    const key = NAMES[name]
    if (value === undefined || key === undefined) continue
    parts.push(key, value)
    added += 1
  }
  const whole = concatenate(parts)
  // The first byte of a short object says how many fields it has.
  whole[0] = (whole[0] ?? 0) + added
  return whole
}
