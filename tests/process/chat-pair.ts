import { type Client, connect } from "@magpie/client"
import { contract, json, stream } from "@magpie/protocol"

export const chat = contract({ "chat/:room": stream({ messages: { say: json<{ n: number; by: string }>() } }) })

export interface Talker {
  readonly client: Client<typeof chat>
  /** What it heard, in order, as `ann 17`. */
  readonly heard: readonly string[]
  readonly offsets: readonly number[]
  readonly gaps: number
  /** Whether it hears what is said from now on. */
  readonly listens: boolean
  send(n: number): Promise<number>
}

/** Somebody who talks and listens in one room, through whatever happens to the link. */
export function joinChat(url: string, name: string): Talker {
  const client = connect<typeof chat>(url, { contract: chat, backoff: { initialMs: 20, maxMs: 200 } })
  const room = client.channel("chat/lobby")
  const heard: string[] = []
  const offsets: number[] = []
  let gaps = 0
  room.on("say", (message) => {
    heard.push(`${message.data.by} ${message.data.n}`)
    offsets.push(message.offset ?? 0)
  })
  room.subscription.on("gap", () => gaps++)
  return {
    client,
    heard,
    offsets,
    get gaps() {
      return gaps
    },
    get listens() {
      return room.subscription.state.state === "live"
    },
    send: async (n) => (await room.send("say", { n, by: name })).position.offset,
  }
}

/** Waits for a fact by looking again at each turn of the event loop, bounded by the test's own time limit. */
export async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise<void>((resolve) => setImmediate(resolve))
}
