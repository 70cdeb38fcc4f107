import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

export interface Relay {
  readonly port: number
  readonly url: string
  /** How many links were reset so far. */
  readonly resets: number
  /** Resets every link that is open now. */
  reset(): void
  /** Where new links lead from now on. */
  target(port: number): void
  close(): Promise<void>
}

/** A TCP relay on loopback whose links can be reset. */
export async function startRelay(targetPort: number): Promise<Relay> {
  let target = targetPort
  let resets = 0
  const links = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1")
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on("error", () => {})
      from.on("close", () => to.destroy())
      from.pipe(to)
    }
    links.add(client)
    client.on("close", () => links.delete(client))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const relay: Relay = {
    port,
    url: `ws://127.0.0.1:${port}`,
    get resets() {
      return resets
    },
    reset() {
      for (const link of links) {
        resets++
        link.resetAndDestroy()
      }
      links.clear()
    },
    target(next) {
      target = next
    },
    async close() {
      relay.reset()
      server.close()
      await once(server, "close")
    },
  }
  return relay
}
