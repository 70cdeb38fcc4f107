import type { MessageOf } from "@magpie/client"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "./contract.ts"
import { MAX_SUM_BYTES, MAX_SUM_PLACES } from "./limits.ts"

type Entry<M> = M extends { readonly name: string } ? Pick<M, Extract<keyof M, "name" | "data" | "from" | "at" | "offset">> : never
export type QueueEntry = Entry<MessageOf<KindOf<Support, "support/queue">>>

/** Where one visitor's conversation stands. */
export interface Place {
  readonly visitor: string
  readonly name: string
  readonly page: string
  readonly language: "en" | "zh-TW"
  readonly state: "waiting" | "taken" | "closed"
  /** Whose it is; undefined while nobody has it. */
  readonly agent: string | undefined
  /** The entry that made it wait: who takes it says which turn he saw. */
  readonly turn: number
  /** Since when it is in this state. */
  readonly since: number
  readonly lastAt: number
  /** What the visitor has written since the last answer. */
  readonly unanswered: number
  /** What was said at the last hand-over, and by whom. */
  readonly handed: { readonly by: string; readonly note: string } | undefined
}

type Asks = Extract<QueueEntry, { readonly name: "asks" }>
type Sum = Extract<QueueEntry, { readonly name: "sums" }>

/** The places as the log has them; another map after each entry that changes something. */
export type Queue = ReadonlyMap<string, Place>

export const EMPTY_QUEUE: Queue = new Map()

/**
 * What the log of the queue adds up to. Everybody who reads it comes to the same result, whatever order the wishes were made in:
 * of two agents who take one conversation, the one whose entry stands first has it.
 */
export function foldQueue(queue: Queue, entries: readonly QueueEntry[]): Queue {
  const places = new Map(queue)
  let changed = false
  for (const entry of entries) {
    if (entry.name === "sums") continue
    const next = after(places.get(entry.data.visitor), entry)
    if (next === undefined) continue
    places.set(next.visitor, next)
    changed = true
  }
  return changed ? places : queue
}

/** What stands at the end of the log, and whether the log begins with it. */
export interface LogEnd {
  readonly epoch: string
  readonly entries: readonly QueueEntry[]
  readonly isWhole: boolean
}

/** What the log adds up to; undefined where what lies before these entries is needed too. */
export function addUp({ epoch, entries, isWhole }: LogEnd): Queue | undefined {
  const first = Number(entries[0]?.offset)
  // A sum of a log that was lost says nothing of this one, and nobody can sum up what was not there yet.
  const isSum = (entry: QueueEntry): entry is Sum =>
    entry.name === "sums" && entry.data.epoch === epoch && entry.data.upTo < Number(entry.offset) && entry.data.upTo >= first - 1
  const sum = entries.findLast(isSum)
  if (sum === undefined) return isWhole ? foldQueue(EMPTY_QUEUE, entries) : undefined
  const { upTo, places } = sum.data
  const summed: Queue = new Map(places.map((place) => [place.visitor, { ...place, agent: place.agent, handed: place.handed }]))
  return foldQueue(
    summed,
    entries.filter(({ offset }) => Number(offset) > upTo),
  )
}

/** What a sum says of the queue: every open conversation and the newest closed ones; undefined where the open ones alone are too many. */
export function placesOfSum(queue: Queue): readonly Place[] | undefined {
  const isClosed = ({ state }: Place): boolean => state === "closed"
  const places = [...queue.values()].sort((a, b) => Number(isClosed(a)) - Number(isClosed(b)) || b.lastAt - a.lastAt)
  let bytes = 0
  const fitting = places.filter((place) => {
    bytes += new TextEncoder().encode(JSON.stringify(place)).byteLength
    return bytes <= MAX_SUM_BYTES
  })
  const chosen = fitting.slice(0, MAX_SUM_PLACES)
  return places.slice(chosen.length).every(isClosed) ? chosen : undefined
}

/** What an entry from before the sum tells of a conversation that was closed long ago. */
export function placeOfOld({ data, at, offset }: Asks): Place {
  return { ...data, state: "closed", agent: undefined, turn: Number(offset), since: at, lastAt: at, unanswered: 0, handed: undefined }
}

/** The place after an entry; undefined where the entry came too late, or from one who had no right to it. */
function after(place: Place | undefined, entry: Exclude<QueueEntry, Sum>): Place | undefined {
  if (entry.name === "asks") return afterAsks(place, entry)
  if (place === undefined) return undefined
  const { from: agent = "", at } = entry
  switch (entry.name) {
    case "answers":
      return { ...place, lastAt: at, unanswered: 0 }
    case "takes":
      if (place.state === "closed" || place.turn !== entry.data.turn || place.agent !== entry.data.over) return undefined
      return { ...place, state: "taken", agent, since: at }
    case "hands": {
      if (place.state !== "taken" || place.agent !== agent) return undefined
      const { to, note } = entry.data
      const handed = { by: agent, note }
      if (to !== undefined) return { ...place, agent: to, since: at, handed }
      return { ...place, state: "waiting", agent: undefined, turn: Number(entry.offset), since: at, handed }
    }
    case "closes":
      if (place.state === "closed" || (place.state === "taken" && place.agent !== agent)) return undefined
      return { ...place, state: "closed", agent: undefined, since: at, unanswered: 0, handed: undefined }
  }
}

function afterAsks(place: Place | undefined, { data, at, offset }: Asks): Place {
  const unanswered = (place?.unanswered ?? 0) + 1
  const said = { ...data, lastAt: at, unanswered }
  if (place !== undefined && place.state !== "closed") return { ...place, ...said }
  return { ...said, state: "waiting", agent: undefined, turn: Number(offset), since: at, handed: undefined }
}
