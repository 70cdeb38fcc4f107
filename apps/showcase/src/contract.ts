import { broadcast, contract, stream } from "@magpie/protocol"
import * as v from "valibot"

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
})
