import { closeReason, isErrorCode, parseCloseReason } from "@magpie/protocol"
import { endByClose } from "../../../packages/client/src/connection/link-end.ts"
import { insist, textTarget } from "../target.ts"

const CODES = [1000, 1006, 1009, 1012, 1013, 4005, 4006, 4502, 4504, 4999]
const LONGEST_REASON_BYTES = 123
const utf8 = new TextEncoder()

/** Reasons of closes: what a server writes and a client reads. */
export const closeReasons = textTarget({
  name: "close-reason",
  share: 12,
  corpus: [
    "",
    "restart;retryAfterMs=1500",
    "too many malformed messages",
    "connection-limit;retryAfterMs=0",
    "鵲橋重新啟動;retryAfterMs=30000",
  ],
  words: [";retryAfterMs=", "retryAfterMs", "=", "0000000000000001", "9999999999999999"],
  maxLength: 400,
  run(text) {
    const { reason, retryAfterMs } = parseCloseReason(text)
    insist(retryAfterMs === undefined || (Number.isFinite(retryAfterMs) && retryAfterMs >= 0), "reads a hint that one can wait for")
    const { cause, next } = endByClose(CODES[text.length % CODES.length] ?? 1000, text, undefined)
    insist(isErrorCode(cause.code) && ["retry", "renew", "stop"].includes(next), "knows what to do after every close")
    insist(cause.retryAfterMs === retryAfterMs, "waits as long as the reason says")
    const written = closeReason(text.toWellFormed(), retryAfterMs)
    insist(utf8.encode(written).length <= LONGEST_REASON_BYTES, "writes a reason that fits into a close frame")
    insist(
      retryAfterMs === undefined || parseCloseReason(written).retryAfterMs === retryAfterMs,
      "writes a hint that is read as it was meant",
    )
    return retryAfterMs === undefined ? `plain ${reason}` : `accepted ${retryAfterMs} ${reason}`
  },
})
