import { receiptsPage } from "../../kinds/changed-pages.ts"
import { part } from "../answers.ts"
import { integer, optional } from "../description.ts"
import { channelName, userId } from "../fields.ts"
import { requireStream } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"
import type { HistoryOptions } from "./history.ts"

export function receiptsRoute({ contract, limits, log }: Pick<HistoryOptions, "contract" | "limits" | "log">): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/receipts",
    action: "history",
    summary: "Read up to where users have read",
    about: "In the order of their names. To read on, ask with `next` of the page before as `after`, as long as there is one.",
    query: {
      channel: channelName,
      after: optional(userId("Users after this one.")),
      limit: optional(integer(1, limits.historyPage, `How many users at most. Default: ${limits.historyPage}.`)),
    },
    answers: { 200: { about: "A page.", schema: part("ReceiptsPage") } },
    errors: ["UNKNOWN_CHANNEL"],
    handle({ caller, query: { channel, after = "", limit = limits.historyPage } }) {
      requireStream(contract, caller, channel, "history")
      return ok(receiptsPage(log, channel, after, limit))
    },
  })
}
