import type { ChannelMatch } from "@magpie/protocol"
import type { Hub } from "./hub.ts"
import type { LiveChannel } from "./live-channel.ts"
import type { Relay } from "./relay.ts"

/** Kinds of which something is told that no log brings to other nodes. */
const RELAYED: ReadonlySet<string> = new Set(["broadcast", "document"])

/** Counts who follows a channel, live or catching up, and lets the hub forget it after the last; other nodes' broadcasts come in between. */
export interface Followers {
  follow(name: string, match: ChannelMatch): LiveChannel
  unfollow(channel: LiveChannel): void
  count(name: string): number
}

export function createFollowers(hub: Hub, relay: Relay): Followers {
  const counts = new Map<LiveChannel, number>()
  return {
    follow(name, match) {
      const channel = hub.open(name, match)
      const followed = counts.get(channel) ?? 0
      if (followed === 0 && RELAYED.has(match.kind.kind)) relay.open(name)
      counts.set(channel, followed + 1)
      return channel
    },
    unfollow(channel) {
      const followed = counts.get(channel)
      if (followed === undefined) return
      const left = followed - 1
      if (left > 0) {
        counts.set(channel, left)
        return
      }
      counts.delete(channel)
      relay.release(channel.name)
      hub.release(channel)
    },
    count(name) {
      const channel = hub.get(name)
      return channel === undefined ? 0 : (counts.get(channel) ?? 0)
    },
  }
}
