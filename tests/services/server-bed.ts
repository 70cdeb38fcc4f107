import { type Client, type ConnectOptions, connect, type GapNotice } from "@magpie/client"
import type { BrokerAdapter } from "@magpie/journal"
import { broadcast, contract, json, stream } from "@magpie/protocol"
import { anonymous, createServer, type Server, type ServerOptions } from "@magpie/server"

const app = contract({
  "chat/:room": stream({ messages: { say: json<string>() }, presence: json<{ name: string }>() }),
  "cursor/:room": broadcast({ messages: { move: json<number>() } }),
})

export interface Node {
  readonly server: Server<typeof app>
  readonly url: string
  close(): Promise<void>
}

const SESSION_KEY = new Uint8Array(32).fill(7)

/** A server over a broker, on a free port. What differs from a server alone is the journal. */
export async function startNode(journal: BrokerAdapter, options: Partial<ServerOptions> = {}): Promise<Node> {
  const server = createServer(app, { auth: anonymous(), sessionKey: SESSION_KEY, log: () => {}, ...options, journal })
  server.channel("chat/:room", { authorize: () => true })
  server.channel("cursor/:room", { authorize: () => true })
  const close = (): Promise<void> => server.close({ spreadMs: 0 })
  try {
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" })
    return { server, url, close }
  } catch (error) {
    await close()
    throw error
  }
}

export interface Talker {
  readonly client: Client<typeof app>
  readonly heard: string[]
  readonly offsets: number[]
  /** What it was told where it could not go on from its place. */
  readonly gaps: GapNotice[]
  /** Each state that its connection came to. */
  readonly states: string[]
  /** The close codes of its attempts to connect that were in vain. */
  readonly refusals: unknown[]
  readonly isLive: boolean
  readonly isOnline: boolean
  /** Resolves with the level of the acknowledgement. */
  say(text: string): Promise<string>
}

export function joinChat(url: string, options: Pick<ConnectOptions, "transport"> = {}): Talker {
  const client = connect<typeof app>(url, { contract: app, backoff: { initialMs: 20, maxMs: 500 }, ...options })
  const room = client.channel("chat/lobby")
  const heard: string[] = []
  const offsets: number[] = []
  const gaps: GapNotice[] = []
  const states: string[] = []
  const refusals: unknown[] = []
  client.on("status", ({ from, to, cause }) => {
    states.push(to)
    if (from === "connecting" && to === "reconnecting") refusals.push(cause?.details?.closeCode)
  })
  room.on("say", ({ data, offset }) => {
    heard.push(data)
    offsets.push(offset ?? 0)
  })
  room.subscription.on("gap", (gap) => gaps.push(gap))
  return {
    client,
    heard,
    offsets,
    gaps,
    states,
    refusals,
    get isLive() {
      return room.subscription.state.state === "live"
    },
    get isOnline() {
      return client.status.state === "online"
    },
    say: async (text) => (await room.send("say", text)).level,
  }
}
