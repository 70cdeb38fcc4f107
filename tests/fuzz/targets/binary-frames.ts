import { msgpack } from "@magpie/msgpack"
import { msgpack as msgpackServer } from "@magpie/msgpack/server"
import { DEFAULT_LIMITS, type Decoded, parseDown, parseUp } from "@magpie/protocol"
import { encode } from "@msgpack/msgpack"
import { attempt, refusalOf } from "../refusals.ts"
import { insist, type Target } from "../target.ts"
import { DOWN_WIRES, UP_WIRES } from "./corpus.ts"
import { inspectValue } from "./inspect-value.ts"

const LIMITS = DEFAULT_LIMITS
const client = msgpack()
const server = msgpackServer()

/** Each message alone, some of them together, and values that decoders of MessagePack stumble over. */
function corpusOf(wires: readonly string[]): readonly Uint8Array[] {
  const messages = wires.map((wire) => encode(JSON.parse(wire)))
  const odd = [
    { type: "publish", channel: "a", name: "n", data: JSON.parse('{"__proto__":{"a":[null,true,-1,1.5,1e300,4294967296]}}'), id: 3 },
    { type: "ping", id: 70_000, data: `\ufeff${"鵲".repeat(80)}` },
  ].map((value) => encode(value))
  return [...messages, ...odd, server.join(messages.slice(0, 3)) as Uint8Array, server.join(odd) as Uint8Array]
}

/** What a server makes of a stranger's binary frame. */
export const binaryServerFrame: Target = {
  name: "binary-server-frame",
  share: 40,
  corpus: corpusOf(UP_WIRES),
  maxLength: LIMITS.messageBytes,
  run: (frame) => `${decode(frame as Uint8Array, true)} | ${decode(frame as Uint8Array, false)}`,
}

function decode(frame: Uint8Array, several: boolean): string {
  const decoded = attempt(["BAD_REQUEST"], () => server.decodeUntrusted(frame, LIMITS, several))
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
  const written = client.encode(message.value)
  const [again] = server.decodeUntrusted(written, LIMITS, false)
  insist(again !== undefined && "value" in again, "writes what it has read so that it is taken again")
  insist(String(client.encode(parseUp(again.value))) === String(written), "writes what it has read so that it reads the same again")
  return `accepted ${String(written).length} ${message.value.type}`
}

/** What a client makes of a server's binary frame. */
export const binaryClientFrame: Target = {
  name: "binary-client-frame",
  share: 20,
  corpus: corpusOf(DOWN_WIRES),
  maxLength: 131_072,
  run(frame) {
    const decoded = attempt(["BAD_REQUEST"], () => client.decode(frame))
    if ("refusal" in decoded) return decoded.refusal
    return decoded.value
      .map((value) => {
        const message = attempt(["BAD_REQUEST"], () => parseDown(value))
        return "refusal" in message ? message.refusal : `accepted ${message.value.type}`
      })
      .join(", ")
  },
}
