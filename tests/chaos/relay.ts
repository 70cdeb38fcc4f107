import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** A TCP relay on loopback for one client, whose link can be hurt. Each fault returns whether there was a link to hurt. */
export interface Relay {
  readonly port: number
  /** Where new links lead from now on. */
  target(port: number): void
  reset(): boolean
  /** Nothing passes for so long, then everything does. */
  stall(forMs: number): boolean
  /** The next bytes each way travel one by one. */
  singleBytes(bytes: number): boolean
  /** Nothing passes any more, and neither side is told. New links are not affected. */
  blackHole(): boolean
  close(): Promise<void>
}

/** The two halves of a link; bytes go from each to the other. */
interface Link {
  readonly lanes: readonly Lane[]
  /** Undefined while bytes pass. */
  held: "stalled" | "dead" | undefined
  end(): void
}

interface Lane {
  readonly from: Socket
  readonly to: Socket
  /** So many of the next bytes go one by one. */
  single: number
  /** Bytes are on their way one by one, and what follows must not overtake them. */
  busy: boolean
}

/** Without a target, links end at once. */
export async function startRelay(targetPort?: number): Promise<Relay> {
  let target = targetPort
  const links = new Set<Link>()
  const server = createServer({ noDelay: true }, (client): void => {
    if (target === undefined) return void client.resetAndDestroy()
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true })
    const link = join(client, upstream, () => links.delete(link))
    links.add(link)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")

  function hurt(how: (link: Link) => void): boolean {
    const alive = [...links].filter(({ held }) => held !== "dead")
    for (const link of alive) how(link)
    return alive.length > 0
  }

  return {
    port: (server.address() as AddressInfo).port,
    target(next) {
      target = next
    },
    reset: () => hurt((link) => link.end()),
    stall: (forMs) =>
      hurt((link) => {
        if (link.held !== undefined) return
        hold(link, "stalled")
        setTimeout(() => link.held === "stalled" && release(link), forMs)
      }),
    singleBytes: (bytes) =>
      hurt(({ lanes }) => {
        for (const lane of lanes) lane.single = bytes
      }),
    blackHole: () => hurt((link) => hold(link, "dead")),
    async close() {
      for (const link of links) link.end()
      server.close()
      await once(server, "close")
    },
  }
}

function join(client: Socket, upstream: Socket, onEnd: () => void): Link {
  const lanes: readonly Lane[] = [
    { from: client, to: upstream, single: 0, busy: false },
    { from: upstream, to: client, single: 0, busy: false },
  ]
  const link: Link = {
    lanes,
    held: undefined,
    end() {
      for (const { from } of lanes) from.resetAndDestroy()
      onEnd()
    },
  }
  for (const lane of lanes) {
    const { from, to } = lane
    from.on("data", (chunk) => pass(link, lane, chunk))
    to.on("drain", () => goOn(link, lane))
    from.on("error", () => {})
    // What went into a black hole does not come out of it.
    from.on("close", () => {
      if (link.held === "dead") return
      to.destroySoon()
      onEnd()
    })
  }
  return link
}

function hold(link: Link, how: "stalled" | "dead"): void {
  link.held = how
  for (const { from } of link.lanes) from.pause()
}

function release(link: Link): void {
  link.held = undefined
  for (const lane of link.lanes) goOn(link, lane)
}

function goOn(link: Link, { from, busy }: Lane): void {
  if (link.held === undefined && !busy) from.resume()
}

function pass(link: Link, lane: Lane, chunk: Buffer): void {
  const { from, to } = lane
  if (link.held === "dead") return
  if (lane.single === 0) {
    if (!to.write(chunk)) from.pause()
    return
  }
  from.pause()
  lane.busy = true
  sendSingly(link, lane, chunk, 0)
}

/** A byte a turn, so that each arrives alone; what is more than was asked for follows as it came. */
function sendSingly(link: Link, lane: Lane, chunk: Buffer, at: number): void {
  const { to } = lane
  if (link.held === "dead" || to.destroyed) return
  if (at < chunk.length && lane.single > 0) {
    lane.single--
    to.write(chunk.subarray(at, at + 1))
    setImmediate(sendSingly, link, lane, chunk, at + 1)
    return
  }
  if (at < chunk.length) to.write(chunk.subarray(at))
  lane.busy = false
  goOn(link, lane)
}
