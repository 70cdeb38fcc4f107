import { jsonCodec, parseDown } from "@magpie/protocol"
import { readDown } from "../../../packages/client/src/connection/read-down.ts"
import { errorOfReply } from "../../../packages/client/src/request/request-table.ts"
import { attempt } from "../refusals.ts"
import { insist, textTarget } from "../target.ts"
import { DOWN_WIRES, framesOf, WIRE_WORDS } from "./corpus.ts"

/** What a client makes of a server's frame, and what a client that checks everything makes of it. */
export const clientFrame = textTarget({
  name: "client-frame",
  share: 50,
  corpus: framesOf(DOWN_WIRES),
  words: WIRE_WORDS,
  maxLength: 131_072,
  run(frame) {
    const decoded = attempt(["BAD_REQUEST"], () => jsonCodec.decode(frame))
    return "refusal" in decoded ? decoded.refusal : decoded.value.map(outcomeOf).join(", ")
  },
})

function outcomeOf(value: unknown): string {
  return `${lenient(value)} / ${strict(value)}`
}

function lenient(value: unknown): string {
  const read = attempt(["BAD_REQUEST"], () => readDown(value))
  if ("refusal" in read) return read.refusal
  const message = read.value
  if (message === undefined || message === "critical") return message ?? "ignored"
  if (message.type === "error") insist(errorOfReply(message).name === "MagpieError", "makes an error of every error reply")
  return `accepted ${message.type}`
}

function strict(value: unknown): string {
  const message = attempt(["BAD_REQUEST"], () => parseDown(value))
  if ("refusal" in message) return message.refusal
  const text = String(jsonCodec.encode(message.value))
  insist(jsonCodec.encode(parseDown(JSON.parse(text))) === text, "writes what it has read so that it reads the same again")
  return `accepted ${text}`
}
