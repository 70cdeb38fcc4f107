import { DEFAULT_LIMITS, type Decoded, jsonCodec, jsonServerCodec, parseUp } from "@magpie/protocol"
import { attempt, refusalOf } from "../refusals.ts"
import { insist, textTarget } from "../target.ts"
import { framesOf, UP_WIRES, WIRE_WORDS } from "./corpus.ts"
import { inspectValue } from "./inspect-value.ts"

const LIMITS = DEFAULT_LIMITS

/** What a server makes of a stranger's frame: decoded within the limits, then checked against the shape of its message. */
export const serverFrame = textTarget({
  name: "server-frame",
  share: 60,
  corpus: framesOf(UP_WIRES),
  words: WIRE_WORDS,
  maxLength: LIMITS.messageBytes,
  // Without a line feed it makes no difference how many messages a frame may hold.
  run: (frame) => (frame.includes("\n") ? `${decode(frame, true)} | ${decode(frame, false)}` : decode(frame, true)),
})

function decode(frame: string, several: boolean): string {
  const decoded = attempt(["BAD_REQUEST"], () => jsonServerCodec.decodeUntrusted(frame, LIMITS, several))
  if ("refusal" in decoded) return decoded.refusal
  insist(several || decoded.value.length === 1, "finds one message where only one is allowed")
  insist(decoded.value.length <= LIMITS.messagesPerFrame, "finds no more messages than the limit")
  return decoded.value.map(outcomeOf).join(", ")
}

function outcomeOf(decoded: Decoded): string {
  if ("error" in decoded) {
    insist(decoded.id === undefined || Number.isSafeInteger(decoded.id), "names a whole number as the request's id, or none")
    return `${refusalOf(decoded.error, ["BAD_REQUEST"])} #${decoded.id}`
  }
  inspectValue(decoded.value, LIMITS)
  const message = attempt(["BAD_REQUEST"], () => parseUp(decoded.value))
  if ("refusal" in message) return message.refusal
  const text = String(jsonCodec.encode(message.value))
  insist(jsonCodec.encode(parseUp(JSON.parse(text))) === text, "writes what it has read so that it reads the same again")
  return `accepted ${text}`
}
