import type { PatternName } from "@magpie/protocol"
import type { ChannelRules, User } from "@magpie/server"
import type { showcase } from "../contract.ts"

type Quotes = Extract<PatternName<typeof showcase>, `quotes${string}`>

/** Everybody may look; the server alone writes prices, and visitors write what they want of the replay. */
export const quoteRules: { readonly [P in Quotes]: ChannelRules<typeof showcase, P, User> } = {
  quotes: { authorize: ({ action }) => action === "subscribe" },
  "quotes/book/:symbol": { authorize: ({ action }) => action === "subscribe" },
  "quotes/bars/:symbol": { authorize: ({ action }) => action === "subscribe" || action === "history" },
  "quotes/wanted": { authorize: ({ action }) => action === "subscribe" || action === "write", rate: { $row: 5 } },
  "quotes/replay": { authorize: ({ action }) => action === "subscribe" },
}
