import { broadcast, command, contract, type DownMessage, stream } from "@magpie/protocol"
import { answerPolitely, fakeMachine } from "@magpie/testing"
import { z } from "zod"
import { type Client, type ConnectOptions, connect, type StatusChange } from "./index.ts"

export const app = contract({
  "chat/:room": stream({ messages: { say: z.object({ text: z.string() }), count: z.string().transform(Number) } }),
  "device/:id": command({ blink: { input: z.object({ times: z.number() }), output: z.null() } }),
  "typing/:room": broadcast({ messages: { dot: z.object({ x: z.number() }) } }),
})

/** A client on a fake machine whose server answers hello, subscribe and ping, and leaves publishes to the test. */
export function clientUnderTest(options: ConnectOptions<typeof app> & { readonly polite?: boolean; readonly seed?: number } = {}) {
  const { polite = true, seed = 1, ...connectOptions } = options
  const machine = fakeMachine({ seed })
  if (polite) machine.peer.onMessage = answerPolitely
  const client: Client<typeof app> = connect<typeof app>("ws://test", { environment: machine, ...connectOptions })
  const changes: StatusChange[] = []
  const errors: string[] = []
  client.on("status", (change) => changes.push(change))
  client.on("error", (error) => errors.push(error.code))
  return { machine, peer: machine.peer, clock: machine.clock, client, changes, errors }
}

/** Has one message of `chat/lobby` stored, number 1, so that others may leave together from then on. */
export async function begin({ client, clock, peer }: Pick<ReturnType<typeof clientUnderTest>, "client" | "clock" | "peer">): Promise<void> {
  const sent = watch(client.channel("chat/lobby").send("say", { text: "begin" }))
  await clock.settle()
  peer.link.send({ type: "published", id: peer.link.last("publish").id, position: { epoch: "e1", offset: 0 }, level: "disk" })
  await clock.settle()
  if (sent.value === undefined) throw new Error("the first message was not stored")
}

/** One message of `chat/lobby` as the server sends it. */
export function said(offset: number, text: string = `m${offset}`): DownMessage {
  return { type: "message", channel: "chat/lobby", name: "say", data: { text }, at: 0, offset, mark: `k${offset}` }
}

/** How a promise stands, without waiting for it. */
export function watch<T>(promise: Promise<T>): { value: T | undefined; code: string | undefined } {
  const seen: { value: T | undefined; code: string | undefined } = { value: undefined, code: undefined }
  promise.then(
    (value) => {
      seen.value = value
    },
    (error) => {
      seen.code = error.code
    },
  )
  return seen
}
