import { broadcast, contract, stream } from "@magpie/protocol"
import { z } from "zod"
import { MAX_TEXT } from "./word.ts"

const word = z.object({ by: z.number().int(), n: z.number().int(), text: z.string().max(MAX_TEXT) })

/** What chaos talks about. History is kept whole, so that at the end everything can be compared with it. */
export const chaos = contract({
  "talk/:room": stream({ messages: { say: word }, retention: { maxCount: 100_000_000 } }),
  "flash/:room": broadcast({ messages: { say: word } }),
})

export type Chaos = typeof chaos
