import { versionsPage } from "../../kinds/changed-pages.ts"
import { part } from "../answers.ts"
import { integer } from "../description.ts"
import { channelName } from "../fields.ts"
import { requireStream } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"
import type { HistoryOptions } from "./history.ts"

export function versionsRoute({ contract, limits, log }: Pick<HistoryOptions, "contract" | "limits" | "log">): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/versions",
    action: "versions",
    summary: "Read what a message said before",
    about:
      "What the message at an offset said before it was edited or deleted, oldest first and without what it says now: as much as the contract keeps, and the newest of it that fits into a page.",
    query: { channel: channelName, offset: integer(1, Number.MAX_SAFE_INTEGER, "Where the message stands.") },
    answers: { 200: { about: "Its earlier versions.", schema: part("VersionsPage") } },
    errors: ["UNKNOWN_CHANNEL"],
    handle({ caller, query: { channel, offset } }) {
      requireStream(contract, caller, channel, "versions")
      return ok(versionsPage(log, channel, offset, limits.historyPageBytes))
    },
  })
}
