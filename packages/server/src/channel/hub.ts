import type { ChannelMatch, Clock, Position, Publication, ServerCodec, Timer } from "@magpie/protocol"
import type { Turn } from "../flow/turn.ts"
import type { Counters } from "../metrics/counters.ts"
import { LiveChannel } from "./live-channel.ts"

/** The channels that have subscribers on this node. */
export interface Hub {
  readonly size: number
  get(name: string): LiveChannel | undefined
  open(name: string, match: ChannelMatch): LiveChannel
  /** Forgets a channel that nobody follows any more. */
  release(channel: LiveChannel): void
  publish(publication: Publication): void
  /** Broadcasts are delivered again after they were left out: tells their subscribers how much they missed. */
  tellShed(): void
  close(): void
}

export interface HubOptions {
  readonly clock: Clock
  readonly codec: ServerCodec
  readonly turn: Turn
  /** Bytes that one channel may gather while its subscribers are given what came before. */
  readonly queuedBytes: number
  readonly newest: (channel: string) => Position
  /** Whether there is too much to carry to deliver what nobody promised to deliver. */
  readonly shedsBroadcasts: () => boolean
  readonly counters: Counters
}

/** A stream that was active and has been silent for so long tells its position; a loss is noticed within twice that. */
const BEACON_MS = 2_000

export function createHub({ clock, codec, turn, queuedBytes, newest, shedsBroadcasts, counters }: HubOptions): Hub {
  const channels = new Map<string, LiveChannel>()
  const active = new Set<LiveChannel>()
  let timer: Timer | undefined

  function onActive(channel: LiveChannel): void {
    if (channel.match.kind.kind !== "stream") return
    channel.activeAtMs = clock.monotonic()
    active.add(channel)
    timer ??= clock.setTimer(BEACON_MS, sweep)
  }

  /** The beacon that is due already comes after the replay as well, however many join before it. */
  function onReplayed(channel: LiveChannel): void {
    if (!active.has(channel)) onActive(channel)
  }

  function sweep(): void {
    timer = undefined
    const silentSince = clock.monotonic() - BEACON_MS
    for (const channel of active) {
      if (channel.activeAtMs > silentSince) continue
      active.delete(channel)
      if (channel.receivers > 0) tellPosition(channel)
    }
    if (active.size > 0) timer = clock.setTimer(BEACON_MS, sweep)
  }

  function tellPosition(channel: LiveChannel): void {
    try {
      channel.beacon(newest(channel.name))
    } catch {
      // A log that closes or is damaged here has no position to tell; who reads from it is told why.
    }
  }

  const context = { codec, turn, maxWaitingBytes: queuedBytes, onActive, onReplayed }
  return {
    get size() {
      return channels.size
    },
    get: (name) => channels.get(name),
    open(name, match) {
      const known = channels.get(name)
      if (known) return known
      const channel = new LiveChannel(name, match, context)
      channels.set(name, channel)
      return channel
    },
    release(channel) {
      if (channels.get(channel.name) === channel) channels.delete(channel.name)
      active.delete(channel)
    },
    publish(publication) {
      const channel = channels.get(publication.channel)
      if (channel === undefined) return
      const leavesOut = channel.match.kind.kind === "broadcast" && shedsBroadcasts()
      const taken = leavesOut ? channel.leaveOut() : channel.publish(publication)
      if (!taken) counters.add("shed", "broadcasts")
    },
    tellShed() {
      for (const channel of channels.values()) if (channel.shed > 0) channel.tellShed()
    },
    close() {
      timer?.cancel()
      timer = undefined
      channels.clear()
      active.clear()
    },
  }
}
