import type { MessageOf } from "@magpie/client"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "./contract.ts"

type Entry<M> = M extends { readonly name: string } ? Pick<M, Extract<keyof M, "name" | "data" | "from" | "at" | "offset">> : never
export type QueueEntry = Entry<MessageOf<KindOf<Support, "support/queue">>>

/** Where one visitor's conversation stands. */
export interface Place {
  readonly visitor: string
  readonly name: string
  readonly page: string
  readonly language: string
  readonly state: "waiting" | "taken" | "closed"
  /** Whose it is; undefined while nobody has it. */
  readonly agent: string | undefined
  /** The entry that made it wait: who takes it says which turn he saw. */
  readonly turn: number
  /** Since when it is in this state. */
  readonly since: number
  readonly preview: string
  readonly lastAt: number
  /** What the visitor has written since the last answer. */
  readonly unanswered: number
  /** What was said at the last hand-over, and by whom. */
  readonly handed: { readonly by: string; readonly note: string } | undefined
}

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
    const next = after(places.get(entry.data.visitor), entry)
    if (next === undefined) continue
    places.set(next.visitor, next)
    changed = true
  }
  return changed ? places : queue
}

/** The place after an entry; undefined where the entry came too late, or from one who had no right to it. */
function after(place: Place | undefined, entry: QueueEntry): Place | undefined {
  if (entry.name === "asks") return afterAsks(place, entry)
  if (place === undefined) return undefined
  const { from: agent = "", at } = entry
  switch (entry.name) {
    case "answers":
      return { ...place, preview: entry.data.preview, lastAt: at, unanswered: 0 }
    case "unsays":
      return place.preview === "" ? undefined : { ...place, preview: "" }
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

function afterAsks(place: Place | undefined, { data, at, offset }: Extract<QueueEntry, { readonly name: "asks" }>): Place {
  const unanswered = (place?.unanswered ?? 0) + 1
  const said = { ...data, lastAt: at, unanswered }
  if (place !== undefined && place.state !== "closed") return { ...place, ...said }
  return { ...said, state: "waiting", agent: undefined, turn: Number(offset), since: at, handed: undefined }
}
