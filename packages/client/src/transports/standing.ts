import { type Position, STANDING_ID } from "@magpie/protocol"

/** A message as JSON gave it. */
export type Said = Readonly<Record<string, unknown>>

/** What a client wants to stand for as long as it is there, and how far each of it has come: repeated on every visit. */
export interface Standing {
  readonly size: number
  /** A request leaves, or is about to. */
  asked(request: Said): void
  /** The lines of a visit, in the order in which they were granted. */
  lines(): readonly string[]
  /** The lines of the last visit: what others would see of this client for a while is taken back. */
  farewells(): readonly string[]
  /** What the client is told of something that the server said; undefined where that is no news to it. */
  heard(said: Said): Said | undefined
}

interface Item {
  readonly request: Said
  /** Of a subscription. */
  position?: Position | undefined
  /** Of a watch. */
  epoch?: unknown
  version?: unknown
}

/** The reply to each request that stands, the one that takes it back, and how its end is told by the server. */
const KINDS = {
  subscribe: { granted: "subscribed", back: "unsubscribe", ended: "unsubscribed" },
  watch: { granted: "watched", back: "unwatch", ended: "unwatched" },
  enter: { granted: "entered", back: "leave", ended: "left" },
} as const
type KindOfStanding = keyof typeof KINDS

const KIND_NAMES = Object.keys(KINDS) as KindOfStanding[]
const kindBy = (field: "granted" | "back" | "ended", type: unknown): KindOfStanding | undefined =>
  KIND_NAMES.find((name) => KINDS[name][field] === type)

export function createStanding(): Standing {
  const items = new Map<string, Item>()
  /** By request id: what will stand once it is granted. */
  const asking = new Map<unknown, Said>()
  /** Of the visit that was begun last. */
  let order: string[] = []

  const keyOf = (kind: KindOfStanding, channel: unknown): string => `${kind} ${channel}`

  /** The reply to a line that was repeated. Granted, it is no news; ended, the client asks again by itself, and hears why. */
  function repeated(said: Said): Said | undefined {
    const key = order[Number(said.id) - STANDING_ID] ?? ""
    const item = items.get(key)
    if (item === undefined) return undefined
    const { type: kind, channel } = item.request
    // It may be granted on the next visit, from where it was.
    if (said.retryable === true) return undefined
    if (said.type === "error" || said.answer === "unrecoverable") {
      items.delete(key)
      const { code = "UNAVAILABLE", message = "the visit could not go on where the last one was" } = said
      return { type: KINDS[kind as KindOfStanding].ended, channel, code, message }
    }
    note(item, said)
    const { id: _id, ...rest } = said
    return said.answer === "snapshot" ? rest : undefined
  }

  function note(item: Item, { type, position, offset, mark, epoch, version }: Said): void {
    if (type === "message" && typeof offset === "number" && item.position) {
      item.position = { epoch: item.position.epoch, offset, ...(typeof mark === "string" && { mark }) }
    } else if (position !== undefined) item.position = position as Position
    item.epoch = epoch ?? item.epoch
    item.version = version ?? item.version
  }

  function granted(said: Said): void {
    const request = asking.get(said.id)
    if (!asking.delete(said.id) || request === undefined) return
    const kind = kindBy("granted", said.type)
    if (kind === undefined) return
    const { id: _id, position: _position, last: _last, epoch: _epoch, version: _version, ...stays } = request
    const item: Item = { request: stays }
    note(item, said)
    items.set(keyOf(kind, said.channel), item)
  }

  return {
    get size() {
      return items.size
    },
    asked(request) {
      const { type, channel, id } = request
      const kind = KIND_NAMES.find((name) => name === type)
      const back = kindBy("back", type)
      // Until it is granted anew, nothing of it stands.
      if (kind ?? back) items.delete(keyOf((kind ?? back) as KindOfStanding, channel))
      if (kind) asking.set(id, request)
    },
    lines() {
      order = [...items.keys()]
      return [...items.values()].map(({ request, position, epoch, version }, index) =>
        JSON.stringify({ ...request, position, epoch, version, id: STANDING_ID + index }),
      )
    },
    farewells() {
      order = []
      const present = [...items.values()].filter(({ request }) => request.type === "enter")
      return present.map(({ request }, index) => JSON.stringify({ type: "leave", channel: request.channel, id: STANDING_ID + index }))
    },
    heard(said) {
      if (typeof said.id === "number") {
        if (said.id >= STANDING_ID) return repeated(said)
        granted(said)
        return said
      }
      const ended = kindBy("ended", said.type)
      if (ended) items.delete(keyOf(ended, said.channel))
      const item = items.get(keyOf(said.type === "presence" ? "watch" : "subscribe", said.channel))
      if (item) note(item, said)
      return said
    },
  }
}
