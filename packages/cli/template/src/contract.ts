import { broadcast, contract, stream } from "@magpie/protocol"
import { z } from "zod"

export const app = contract({
  // Every message, in one order for all, once, with history.
  "chat/:room": stream({
    messages: { say: z.object({ author: z.string().min(1).max(40), text: z.string().min(1).max(2000) }) },
    retention: { maxCount: 10_000 },
  }),
  // At most once, nothing stored.
  "typing/:room": broadcast({
    messages: { typing: z.object({ author: z.string().min(1).max(40) }) },
  }),
})
