import { type ClientEnvironment, connect } from "@magpie/client"
import { contract, isMagpieError, json, stream } from "@magpie/protocol"
import { answerPolitely, fakeMachine } from "@magpie/testing"
import { insist, textTarget } from "../target.ts"
import { DOWN_WIRES, framesOf, WIRE_WORDS } from "./corpus.ts"

const app = contract({ "chat/:room": stream({ messages: { say: json() } }) })

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
  async run(frame) {
    const machine = fakeMachine({ seed: 1 })
    machine.peer.onMessage = answerPolitely
    const client = connect<typeof app>("ws://test", { environment: machine satisfies ClientEnvironment, contract: app })
    const told: string[] = []
    const fails = (what: string, thrown: unknown): void => {
      insist(isMagpieError(thrown), `fails with a coded error (${what}: ${thrown})`)
      told.push(`${what} ${thrown.code}`)
    }
    client.on("error", (error) => fails("error", error))
    const lobby = client.channel("chat/lobby")
    lobby.on("say", ({ offset }) => told.push(`heard ${offset}`))
    lobby.send("say", "hello").then(
      () => told.push("accepted"),
      (thrown) => fails("send", thrown),
    )
    await machine.clock.settle()
    machine.peer.link.sendRaw(frame)
    await machine.clock.advance(2_000)
    const closing = client.close()
    await machine.clock.advance(2_000)
    await closing
    insist(machine.clock.pendingTimers === 0 && machine.signalListeners === 0, "leaves nothing behind")
    return `${told.join(" ")} ${client.status.state}`
  },
})
