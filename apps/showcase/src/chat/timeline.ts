import type { GapNotice, Receipt } from "@magpie/client"
import type { MagpieError } from "@magpie/protocol"

/** A message that the server has stored. */
export interface StoredItem {
  readonly type: "stored"
  readonly key: string
  readonly text: string
  readonly author: string
  readonly at: number
  readonly offset: number
  readonly own: boolean
  readonly receipt: Receipt | undefined
}

/** The server's word that messages are missing here. */
export interface GapItem {
  readonly type: "gap"
  readonly key: string
  readonly missing: number | undefined
  readonly reason: GapNotice["reason"]
}

export type TimelineItem = StoredItem | GapItem

export type Delivery =
  | { readonly state: "sending" }
  | { readonly state: "sent"; readonly receipt: Receipt }
  | { readonly state: "failed"; readonly error: MagpieError }

/** An own message that has not come back on the channel yet. */
export interface OutgoingItem {
  readonly type: "outgoing"
  readonly ref: string
  readonly text: string
  readonly author: string
  readonly at: number
  readonly delivery: Delivery
}

/** Everything that one room shows, as one value. */
export interface Timeline {
  readonly phase: { readonly state: "loading" } | { readonly state: "ready" } | { readonly state: "failed"; readonly error: MagpieError }
  readonly items: readonly TimelineItem[]
  readonly outgoing: readonly OutgoingItem[]
  readonly earlier: "none" | "more" | "loading" | "failed"
  /** The newest offset in `items`; starts again after a gap that began a new log. */
  readonly newestOffset: number
  readonly gaps: number
}

/** What the timeline needs of a received message. */
export interface Said {
  readonly data: { readonly text: string; readonly author: string }
  readonly at: number
  readonly ref: string | undefined
  readonly offset: number | undefined
}

export const EMPTY_TIMELINE: Timeline = {
  phase: { state: "loading" },
  items: [],
  outgoing: [],
  earlier: "none",
  newestOffset: 0,
  gaps: 0,
}

export type IsOwn = (ref: string | undefined) => boolean

export function withMessage(now: Timeline, said: Said, isOwn: IsOwn): Timeline {
  const offset = said.offset ?? 0
  if (offset <= now.newestOffset) return now
  const sent = now.outgoing.find((item) => item.ref === said.ref)
  const receipt = sent?.delivery.state === "sent" ? sent.delivery.receipt : undefined
  const outgoing = sent === undefined ? now.outgoing : now.outgoing.filter((item) => item !== sent)
  return { ...now, items: [...now.items, stored(said, now.gaps, isOwn, receipt)], outgoing, newestOffset: offset }
}

/** Begins with the newest page. What was shown before may not border on it, so it goes; it can be loaded again. */
export function withNewestPage(now: Timeline, messages: readonly Said[], more: boolean, isOwn: IsOwn): Timeline {
  const bare: Timeline = { ...now, items: [], newestOffset: 0 }
  const filled = messages.reduce((timeline, said) => withMessage(timeline, said, isOwn), bare)
  return { ...filled, phase: { state: "ready" }, earlier: more ? "more" : "none" }
}

export function withEarlierPage(now: Timeline, messages: readonly Said[], more: boolean, isOwn: IsOwn): Timeline {
  const oldest = oldestOffset(now) ?? Number.POSITIVE_INFINITY
  const older = messages.filter((said) => (said.offset ?? 0) < oldest).map((said) => stored(said, 0, isOwn, undefined))
  return { ...now, items: [...older, ...now.items], earlier: more ? "more" : "none" }
}

export function withGap(now: Timeline, gap: GapNotice): Timeline {
  const missing = gap.skipped ?? (gap.from !== undefined && gap.to !== undefined ? gap.to - gap.from + 1 : undefined)
  const item: GapItem = { type: "gap", key: `gap ${now.gaps}`, missing, reason: gap.reason }
  const newLog = gap.reason === "epoch" || gap.reason === "corrupt"
  return {
    ...now,
    items: [...now.items, item],
    gaps: now.gaps + 1,
    newestOffset: newLog ? 0 : Math.max(now.newestOffset, gap.to ?? 0),
    // Offsets before a new log mean nothing in it, so there is no asking for what came before.
    earlier: newLog ? "none" : now.earlier,
  }
}

export function withSending(now: Timeline, message: { ref: string; text: string; author: string; at: number }): Timeline {
  const again = now.outgoing.some((item) => item.ref === message.ref)
  if (again) return withDelivery(now, message.ref, { state: "sending" })
  return { ...now, outgoing: [...now.outgoing, { type: "outgoing", ...message, delivery: { state: "sending" } }] }
}

/** The outcome of a send. The message itself may have come back before it. */
export function withDelivery(now: Timeline, ref: string, delivery: Delivery): Timeline {
  const outgoing = now.outgoing.map((item) => (item.ref === ref ? { ...item, delivery } : item))
  const receipt = delivery.state === "sent" ? delivery.receipt : undefined
  const items = receipt === undefined ? now.items : now.items.map((item) => (item.key === ref ? { ...item, receipt } : item))
  return { ...now, outgoing, items }
}

export function withoutOutgoing(now: Timeline, ref: string): Timeline {
  return { ...now, outgoing: now.outgoing.filter((item) => item.ref !== ref) }
}

export function oldestOffset(now: Timeline): number | undefined {
  return now.items.find((item) => item.type === "stored")?.offset
}

function stored(said: Said, log: number, isOwn: IsOwn, receipt: StoredItem["receipt"]): StoredItem {
  const own = isOwn(said.ref)
  const offset = said.offset ?? 0
  const key = own && said.ref !== undefined ? said.ref : `${log} ${offset}`
  return { type: "stored", key, text: said.data.text, author: said.data.author, at: said.at, offset, own, receipt }
}
