import type { DurableLog } from "@magpie/journal"
import { type Contract, jsonServerCodec, type Limits, MagpieError } from "@magpie/protocol"
import { part } from "../answers.ts"
import { integer, optional, text } from "../description.ts"
import { channelName } from "../fields.ts"
import { requireHistory } from "../rights.ts"
import { type GuardedRoute, guarded } from "../route.ts"

export interface HistoryOptions {
  readonly contract: Contract
  readonly limits: Pick<Limits, "historyPage" | "historyPageBytes">
  readonly log: Pick<DurableLog, "newest" | "readBefore" | "readAfter" | "versions" | "receipts">
  /** There is too much to carry to read history for anybody. */
  readonly sheds: () => boolean
}

/** Messages in a page whose request names no limit. */
const PAGE_LENGTH = 50
/** What has been shed stays so for about as long. */
const SHED_RETRY_MS = 2_000

export function historyRoute({ contract, limits, log, sheds }: HistoryOptions): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/history",
    action: "history",
    summary: "Read a page of a stream, or of the ledger of commands",
    about:
      "Without `before` and `after`: the newest messages. To read on in either direction, ask with the offset of the first message as `before` or of the last as `after`, as long as `more` is true. A page may hold fewer than `limit`. With `epoch`, a log that was lost meanwhile is told as UNRECOVERABLE instead of read as if it went on.",
    query: {
      channel: channelName,
      limit: optional(integer(1, limits.historyPage, `How many messages at most. Default: ${PAGE_LENGTH}.`)),
      before: optional(integer(1, Number.MAX_SAFE_INTEGER, "Messages before this offset.")),
      after: optional(integer(0, Number.MAX_SAFE_INTEGER, "Messages after this offset, instead.")),
      epoch: optional(text(32, "The epoch that the offset belongs to, as an earlier page told it.")),
    },
    answers: { 200: { about: "A page.", schema: part("HistoryPage") } },
    errors: ["UNKNOWN_CHANNEL", "UNRECOVERABLE"],
    handle({ caller, query: { channel, limit = Math.min(PAGE_LENGTH, limits.historyPage), before, after, epoch } }) {
      requireHistory(contract, caller, channel)
      if (before !== undefined && after !== undefined) {
        throw new MagpieError("BAD_REQUEST", "history goes before or after an offset, not both", { details: { field: "before" } })
      }
      if (sheds()) throw new MagpieError("UNAVAILABLE", "the server sheds load", { retryAfterMs: SHED_RETRY_MS })
      const position = log.newest(channel)
      if (epoch !== undefined && epoch !== position.epoch)
        throw new MagpieError("UNRECOVERABLE", "the log that this offset belongs to was lost", { details: { reason: "epoch", position } })
      const bounds = { maxCount: limit, maxBytes: limits.historyPageBytes }
      const page =
        after === undefined ? log.readBefore(channel, before ?? position.offset + 1, bounds) : log.readAfter(channel, after, bounds)
      const body = jsonServerCodec.encodePage({ id: undefined, channel, more: page.more, position }, page.publications)
      return { status: 200, body: String(body) }
    },
  })
}
