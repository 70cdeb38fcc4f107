import { type Codec, DEFAULT_LIMITS, type Decoded, type Encoded, parseUp, type ServerCodec } from "@magpie/protocol"
import { attempt, refusalOf } from "../refusals.ts"
import { insist } from "../target.ts"
import { inspectValue } from "./inspect-value.ts"

const LIMITS = DEFAULT_LIMITS

/** The two halves of a codec. */
export interface CodecPair {
  readonly client: Codec
  readonly server: ServerCodec
}

/** What a server makes of a stranger's frame: decoded within the limits, then checked against the shape of its message. */
export function serverOutcome(pair: CodecPair, frame: Encoded, several: boolean): string {
  const decoded = attempt(["BAD_REQUEST"], () => pair.server.decodeUntrusted(frame, LIMITS, several))
  if ("refusal" in decoded) return decoded.refusal
  insist(several || decoded.value.length === 1, "finds one message where only one is allowed")
  insist(decoded.value.length <= LIMITS.messagesPerFrame, "finds no more messages than the limit")
  return decoded.value.map((each) => outcomeOf(pair, each)).join(", ")
}

function outcomeOf({ client, server }: CodecPair, decoded: Decoded): string {
  if ("error" in decoded) {
    insist(decoded.id === undefined || Number.isSafeInteger(decoded.id), "names a whole number as the request's id, or none")
    return `${refusalOf(decoded.error, ["BAD_REQUEST"])} #${decoded.id}`
  }
  inspectValue(decoded.value, LIMITS)
  const message = attempt(["BAD_REQUEST"], () => parseUp(decoded.value))
  if ("refusal" in message) return message.refusal
  const written = client.encode(message.value)
  const [again] = server.decodeUntrusted(written, LIMITS, false)
  insist(again !== undefined && "value" in again, "writes what it has read so that it is taken again")
  insist(String(client.encode(parseUp(again.value))) === String(written), "writes what it has read so that it reads the same again")
  return `accepted ${String(written)}`
}
