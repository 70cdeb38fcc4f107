import { DEFAULT_LIMITS, jsonCodec, jsonServerCodec } from "@magpie/protocol"
import { textTarget } from "../target.ts"
import { framesOf, UP_WIRES, WIRE_WORDS } from "./corpus.ts"
import { serverOutcome } from "./server-outcome.ts"

const json = { client: jsonCodec, server: jsonServerCodec }

/** What a server makes of a stranger's frame of JSON. */
export const serverFrame = textTarget({
  name: "server-frame",
  share: 60,
  corpus: framesOf(UP_WIRES),
  words: WIRE_WORDS,
  maxLength: DEFAULT_LIMITS.messageBytes,
  run(frame) {
    const several = serverOutcome(json, frame, true)
    // Without a line feed it makes no difference how many messages a frame may hold.
    return frame.includes("\n") ? `${several} | ${serverOutcome(json, frame, false)}` : several
  },
})
