import { broadcast, contract, stream, table } from "@magpie/protocol"
import * as v from "valibot"
import { figure, KEPT_MS, metric, point, visit } from "./dashboard/schemas.ts"
import { deviceChannels } from "./devices/channels.ts"
import { bar, depth, level, quote, replay, symbol, wanted } from "./quotes/schemas.ts"

const author = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(40))
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2000))

/** What the page and the server agree on. Both check every message against it. */
export const showcase = contract({
  // Every message, in one order for all, once, with history.
  "chat/:room": stream({
    messages: { say: v.object({ text, author }) },
    retention: { maxCount: 10_000 },
  }),
  // At most once, nothing stored: lost when the link is cut, and that is fine.
  "typing/:room": broadcast({
    messages: { typing: v.object({ author, active: v.boolean() }) },
  }),
  // The newest value by key: each page says which rows it wants, how often and how many bytes at most. After a restart there are new ones soon.
  quotes: table({ key: symbol, value: quote, maxRate: 20, durability: "memory" }),
  "quotes/book/:symbol": table({ key: level, value: depth, maxRate: 10, durability: "memory" }),
  // Days that are over, as history for charts.
  "quotes/bars/:symbol": stream({ messages: { bar }, retention: { maxCount: 400 } }),
  // One row each, for everybody: what visitors chose, and how far the replay is.
  "quotes/wanted": table({ key: v.literal("all"), value: wanted }),
  "quotes/replay": table({ key: v.literal("all"), value: replay, maxRate: 5 }),
  // Each dashboard's newest figures, and what they were in the last hour.
  "dashboard/now/:board": table({ key: metric, value: figure, maxRate: 4, durability: "memory" }),
  "dashboard/history/:board": stream({ messages: { point }, retention: { maxAgeMs: KEPT_MS, maxCount: 4_000 } }),
  // Who is here: each page enters with what it is and where it came from, and leaves with its connection. Nothing is stored.
  "dashboard/visits": broadcast({ messages: {}, presence: visit }),
  ...deviceChannels,
})
