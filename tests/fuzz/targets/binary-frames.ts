import { msgpack } from "@magpie/msgpack"
import { msgpack as msgpackServer } from "@magpie/msgpack/server"
import { DEFAULT_LIMITS, parseDown } from "@magpie/protocol"
import { encode } from "@msgpack/msgpack"
import { attempt } from "../refusals.ts"
import type { Target } from "../target.ts"
import { DOWN_WIRES, UP_WIRES } from "./corpus.ts"
import { serverOutcome } from "./server-outcome.ts"

const client = msgpack()
const server = msgpackServer()
const msgpackPair = { client, server }

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
  maxLength: DEFAULT_LIMITS.messageBytes,
  run: (frame) => `${serverOutcome(msgpackPair, frame, true)} | ${serverOutcome(msgpackPair, frame, false)}`,
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
