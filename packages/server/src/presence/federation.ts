import type { Bus, Control } from "@magpie/journal"
import type { Clock, Timer } from "@magpie/protocol"
import { type BusMessage, decodeBusMessage, encodeBusMessage } from "./bus-message.ts"
import type { Claim, Farewell } from "./claims.ts"
import { DIGESTS_PER_LEASE, Digests, ROWS } from "./digests.ts"
import type { Room } from "./room.ts"
import { RoomLink } from "./room-link.ts"

/** This server's rooms beside those of other nodes. */
export interface Federation {
  opened(room: Room): void
  closed(room: Room): void
  claimed(room: Room, claim: Claim): void
  bade(room: Room, farewell: Farewell): void
  /** Live nodes whose members in this room are not all known here, by their ids. */
  missing(room: Room): readonly string[]
  close(): void
}

export interface FederationOptions {
  readonly bus: Bus
  readonly control: Pick<Control, "nodeId" | "nodes">
  readonly clock: Clock
  readonly leaseMs: number
  readonly rooms: { get(channel: string): Room | undefined }
  /** The highest revision that this node has given. */
  readonly revision: () => number
  /** A member of another node left. */
  onForeignFarewell(room: Room, farewell: Farewell): void
}

/** Where nodes speak to all nodes. */
const ALL = "presence"
/** What is new is gathered for so long. */
const GATHER_MS = 50
/** What was asked for has so much of the time until the next digest to come. */
const ASK_AGAIN_AFTER = 3 / 4

export function createFederation(options: FederationOptions): Federation {
  const { bus, control, clock, leaseMs } = options
  const links = new Map<Room, RoomLink>()
  const dirty = new Set<RoomLink>()
  const digests = new Digests()
  let opening: string[] = []
  let gathering: Timer | undefined
  let sweptAtMs = clock.monotonic()
  const digestMs = leaseMs / DIGESTS_PER_LEASE
  let round = clock.setTimer(digestMs, tick)

  const stop = bus.subscribe(ALL, (bytes) => hear(decodeBusMessage(bytes)))

  function say(message: BusMessage): void {
    bus.publish(ALL, encodeBusMessage(message))
  }

  function gather(): void {
    gathering ??= clock.setTimer(GATHER_MS, flush)
  }

  function flush(): void {
    gathering?.cancel()
    gathering = undefined
    // Without a name nothing can be said, and what is new waits.
    if (self() === undefined) return gather()
    const channels = opening
    opening = []
    for (let at = 0; at < channels.length; at += ROWS) say({ kind: "open", channels: channels.slice(at, at + ROWS), node: control.nodeId })
    for (const link of dirty) link.flush()
    dirty.clear()
  }

  function tick(): void {
    round = clock.setTimer(digestMs, tick)
    if (self() === undefined) return
    flush()
    for (const message of digests.next(control.nodeId, links.values())) say(message)
    sweep()
  }

  /** Undefined while the log is still being opened. */
  function self(): string | undefined {
    try {
      return control.nodeId
    } catch {
      return undefined
    }
  }

  function sweep(): void {
    const nowMs = clock.monotonic()
    const lateMs = nowMs - sweptAtMs - digestMs
    sweptAtMs = nowMs
    for (const link of links.values()) {
      if (lateMs > digestMs) link.forgive(lateMs)
      link.expire(nowMs - leaseMs)
    }
  }

  function hear(message: BusMessage | undefined): void {
    const node = self()
    if (message === undefined || node === undefined || message.node === node) return
    if (message.kind === "digest") hearDigest(message)
    else if (message.kind === "open") for (const channel of message.channels) linkOf(channel)?.askedForAll()
    else if (message.kind === "ask" && message.to === node) linkOf(message.channel)?.asked(message.of, message.buckets)
  }

  function hearDigest({ node, rooms }: BusMessage & { readonly kind: "digest" }): void {
    digests.heard(node, clock.monotonic())
    for (const [channel, members, sum] of rooms) linkOf(channel)?.digest(node, members, sum)
  }

  function linkOf(channel: string): RoomLink | undefined {
    const room = options.rooms.get(channel)
    return room && links.get(room)
  }

  return {
    opened(room) {
      const link = new RoomLink({
        bus,
        room,
        node: self,
        monotonic: () => clock.monotonic(),
        askAgainMs: digestMs * ASK_AGAIN_AFTER,
        revision: options.revision,
        onForeignFarewell: options.onForeignFarewell,
        onDirty(dirtied) {
          dirty.add(dirtied)
          gather()
        },
        ask(to, channel, of, buckets) {
          const node = self()
          if (node !== undefined) say({ kind: "ask", to, channel, of, buckets, node })
        },
      })
      links.set(room, link)
      opening.push(room.channel)
      gather()
    },
    closed(room) {
      const link = links.get(room)
      if (link === undefined) return
      links.delete(room)
      link.flush()
      dirty.delete(link)
      link.close()
    },
    claimed(room, claim) {
      digests.filled(room.channel)
      links.get(room)?.claimed(claim)
    },
    bade(room, farewell) {
      const link = links.get(room)
      link?.bade(farewell)
      if (link?.own.size === 0) digests.emptied(room.channel)
    },
    missing(room) {
      const others = control.nodes().flatMap(({ id }) => (id === control.nodeId ? [] : [id]))
      return others.filter((node) => !digests.heardSince(node, room.openedAtMs) || links.get(room)?.lacks(node))
    },
    close() {
      stop()
      round.cancel()
      gathering?.cancel()
      for (const link of links.values()) link.close()
      links.clear()
    },
  }
}
