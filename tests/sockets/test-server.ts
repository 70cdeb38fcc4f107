import { anonymous, broadcast, contract, createServer, json, type ListenOptions, type ServerOptions, stream } from "@magpie/server"
import { afterEach } from "vitest"

export const app = contract({
  "chat/:room": stream({ messages: { say: json() } }),
  "signal/:room": broadcast({ messages: { ping: json() } }),
})

const open = { authorize: () => true }

const NEVER = 3_600_000

/**
 * Raw clients answer no close, and no test shall wait for that. And nothing is shed, however busy the machine is on which
 * server and test share one event loop.
 */
const QUIET = { closeMs: 100, shedPresenceLagMs: NEVER, shedBroadcastsLagMs: NEVER, shedConnectionsLagMs: NEVER, shedHistoryLagMs: NEVER }

/** A real server on a free port, with everything open unless the options say otherwise. */
export async function startTestServer({ limits, ...options }: Partial<ServerOptions> = {}, listen: Partial<ListenOptions> = {}) {
  const lines: { readonly event: string; readonly fields: unknown }[] = []
  const server = createServer(app, {
    auth: anonymous(),
    log: (_level, event, fields) => void lines.push({ event, fields }),
    limits: { ...QUIET, ...limits },
    ...options,
  })
  server.channel("chat/:room", open)
  server.channel("signal/:room", open)
  server.endpoint("/", (socket) => {
    socket.on("message", (data) => socket.send(data))
  })
  const { port } = await server.listen({ port: 0, host: "127.0.0.1", ...listen })
  return { server, port, lines, close: () => server.close({ spreadMs: 0 }) }
}

/** Servers, and whatever else a test opens, that are closed after it, the last opened first. */
export function closedAfterEach() {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  return {
    closers,
    async start(...given: Parameters<typeof startTestServer>) {
      const running = await startTestServer(...given)
      closers.push(running.close)
      return running
    },
  }
}
