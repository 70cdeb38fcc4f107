import type { ClientEnvironment } from "@magpie/client"
import { answerPolitely, fakeMachine } from "@magpie/testing"
import { textTarget } from "../target.ts"
import { DOWN_WIRES, framesOf, WIRE_WORDS } from "./corpus.ts"
import { wholeClient } from "./whole-client.ts"

/** A whole client, with a subscription and a publish under way, and what a server says to it: it goes on, or says why not. */
export const clientSession = textTarget({
  name: "client-session",
  share: 1,
  corpus: [
    ...framesOf(DOWN_WIRES),
    '{"type":"message","channel":"chat/lobby","name":"say","data":1,"at":1,"offset":1,"mark":"a"}',
    '{"type":"published","id":4,"position":{"epoch":"e1","offset":1},"level":"disk"}',
    '{"type":"error","id":4,"code":"OUT_OF_ORDER","message":"m","remedy":"r","retryable":true,"details":{"expected":1}}',
    '{"type":"gap","channel":"chat/lobby","reason":"trimmed","from":1,"to":5,"position":{"epoch":"e1","offset":5}}',
  ],
  words: [...WIRE_WORDS, '"chat/lobby"', '"retryAfterMs":', '"expected":'],
  maxLength: 131_072,
  run(frame) {
    const machine = fakeMachine({ seed: 1 })
    const { clock, peer } = machine
    peer.onMessage = answerPolitely
    async function talk(): Promise<void> {
      await clock.settle()
      peer.link.sendRaw(frame)
      await clock.advance(2_000)
    }
    return wholeClient(machine, machine satisfies ClientEnvironment, { heard: "heard", talk, closesWithinMs: 2_000 })
  },
})
