import type { Pong } from "@magpie/protocol"
import type { Layer } from "../layer.ts"
import type { Schedule } from "../schedule.ts"
import type { ChannelSubscription } from "./subscription.ts"

/** All subscriptions of a client, found by channel. A message of one that nobody has is of a channel that was just left. */
export interface Subscriptions extends Layer {
  add(channel: string, subscription: ChannelSubscription): void
  /** Positions for a ping, at most 1,000, the next ones at each call [G5]. */
  positions(): ReadonlyMap<string, number> | undefined
  /** New credentials may be allowed what the old ones were not. */
  reconsider(): void
}

const MAX_POSITIONS = 1_000
const NONE: NonNullable<Pong["ahead"]> = new Map()
/** What the server had sent, or was about to send, when it wrote the pong may take so long to arrive, in milliseconds. */
const IN_FLIGHT_MS = 1_000

export function createSubscriptions(schedule: Schedule): Subscriptions {
  const byChannel = new Map<string, ChannelSubscription>()
  let rotation = 0

  function compare({ ahead = NONE, unknown = [] }: Pong): void {
    for (const channel of unknown) byChannel.get(channel)?.forgotten()
    if (ahead.size === 0) return
    const before = new Map([...ahead.keys()].map((channel) => [channel, byChannel.get(channel)?.livePosition]))
    schedule.after(IN_FLIGHT_MS, () => {
      for (const [channel, newest] of ahead) {
        const subscription = byChannel.get(channel)
        // One that has moved is catching up.
        if (subscription?.livePosition === before.get(channel)) subscription?.compare(newest)
      }
    })
  }

  function reconsider(): void {
    for (const subscription of byChannel.values()) subscription.reconsider()
  }

  return {
    add: (channel, subscription) => void byChannel.set(channel, subscription),
    receive(message) {
      if (message.type === "pong") compare(message)
      else if ("channel" in message) byChannel.get(message.channel)?.receive(message)
    },
    positions() {
      const all: [string, number][] = []
      for (const [channel, { livePosition }] of byChannel) if (livePosition) all.push([channel, livePosition.offset])
      if (all.length === 0) return undefined
      if (all.length <= MAX_POSITIONS) return new Map(all)
      const from = rotation % all.length
      rotation = from + MAX_POSITIONS
      return new Map([...all.slice(from), ...all.slice(0, from)].slice(0, MAX_POSITIONS))
    },
    online(_welcome, newToken) {
      for (const subscription of byChannel.values()) subscription.online()
      if (newToken) reconsider()
    },
    offline() {
      for (const subscription of byChannel.values()) subscription.offline()
    },
    reconsider,
  }
}
