import { broadcast, contract, json, jsonServerCodec } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import { expect, it } from "vitest"
import { createFollowers } from "../channel/followers.ts"
import { createHub } from "../channel/hub.ts"
import { NO_RELAY } from "../channel/relay.ts"
import { createTurn } from "../flow/turn.ts"
import { createCounters } from "../metrics/counters.ts"
import type { Connection } from "../session/connection.ts"
import { BroadcastSubscription } from "./broadcast-subscription.ts"

const app = contract({ news: broadcast({ messages: { put: json() } }) })

it("counts its follower down once, however often it ends, so that others still hear", async () => {
  const clock = fakeClock()
  const counters = createCounters()
  const turn = createTurn(clock, 5)
  const newest = () => ({ epoch: "e", offset: 0 })
  const hub = createHub({ clock, codec: jsonServerCodec, turn, queuedBytes: 262_144, newest, counters, shedsBroadcasts: () => false })
  const followers = createFollowers(hub, NO_RELAY)
  const subscribe = (sent: unknown[]): BroadcastSubscription => {
    const queue = { takesAtOnce: () => true, forgetRoom() {} }
    const connection = { request: {}, codec: jsonServerCodec, queue, sendShared: (joined: unknown) => void sent.push(joined) }
    const live = followers.follow("news", app.match("news"))
    return new BroadcastSubscription(connection as unknown as Connection, live, {
      overflow: "drop-oldest",
      counters,
      onEnd: (left) => followers.unfollow(left),
    })
  }
  const [first, second]: [unknown[], unknown[]] = [[], []]
  const leaving = subscribe(first)
  subscribe(second)
  leaving.end()
  leaving.end()
  expect(followers.count("news")).toBe(1)
  hub.publish({ channel: "news", name: "put", data: "1" as never, at: 0 })
  await clock.settle()
  expect([first.length, second.length]).toEqual([0, 1])
})
