import { broadcast, contract, json, jsonServerCodec, MagpieError, stream } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { payloadOf } from "../flow/batch.ts"
import { createTurn } from "../flow/turn.ts"
import { createCounters } from "../metrics/counters.ts"
import type { Delivery } from "./delivery.ts"
import type { Receiver } from "./fan-out.ts"
import { createFollowers } from "./followers.ts"
import { createHub } from "./hub.ts"
import { NO_RELAY } from "./relay.ts"

const app = contract({ log: stream({ messages: { put: json() } }), news: broadcast({ messages: { put: json() } }) })

function setUp(newest = () => ({ epoch: "e", offset: 7 })) {
  const clock = fakeClock()
  const load = { sheds: false }
  const counters = createCounters()
  const turn = createTurn(clock, 5)
  const hub = createHub({ clock, codec: jsonServerCodec, turn, queuedBytes: 262_144, newest, counters, shedsBroadcasts: () => load.sheds })
  const publish = (channel: string, offset?: number): void =>
    hub.publish({ channel, name: "put", data: "1" as never, at: 0, ...(offset === undefined ? undefined : { offset }) })
  return { clock, hub, load, counters, publish, followers: createFollowers(hub, NO_RELAY) }
}

function receiver(): Receiver & { deliveries: Delivery[]; readonly texts: string[] } {
  const deliveries: Delivery[] = []
  return {
    given: 0,
    deliveries,
    deliver: (delivery) => void deliveries.push(delivery),
    get texts() {
      return deliveries.map(({ joined: [batch] }) => new TextDecoder().decode(payloadOf(batch)))
    },
  }
}

describe("a hub", () => {
  it("encodes a message once for all who follow, and gathers a turn's messages", async () => {
    const { clock, hub, publish } = setUp()
    const [a, b] = [receiver(), receiver()]
    const live = hub.open("log", app.match("log"))
    for (const one of [a, b]) live.join(one)
    publish("log", 1)
    publish("log", 2)
    publish("elsewhere", 1)
    await clock.settle()
    expect(a.deliveries).toHaveLength(1)
    expect(a.deliveries[0]).toMatchObject({ first: 1, count: 2 })
    expect(b.deliveries[0]).toBe(a.deliveries[0])
    expect(a.texts[0]?.split("\n")).toHaveLength(2)
    expect(a.deliveries[0]?.single()).toHaveLength(2)
    expect(a.deliveries[0]?.single()).toBe(b.deliveries[0]?.single())
  })

  it("[F60] gives one who joins in mid-turn nothing from before, and one who leaves everything until then", async () => {
    const { clock, hub, publish } = setUp()
    const [early, late] = [receiver(), receiver()]
    const live = hub.open("log", app.match("log"))
    live.join(early)
    publish("log", 1)
    live.join(late)
    publish("log", 2)
    live.leave(early)
    publish("log", 3)
    await clock.settle()
    expect(early.deliveries.map(({ first, count }) => [first, count])).toEqual([
      [1, 1],
      [2, 1],
    ])
    expect(late.deliveries.map(({ first, count }) => [first, count])).toEqual([
      [2, 1],
      [3, 1],
    ])
  })

  it("cuts a large turn into batches", async () => {
    const { clock, hub } = setUp()
    const one = receiver()
    hub.open("log", app.match("log")).join(one)
    const data = JSON.stringify("x".repeat(10_000)) as never
    for (let offset = 1; offset <= 20; offset++) hub.publish({ channel: "log", name: "put", data, at: 0, offset })
    await clock.settle()
    expect(one.deliveries.length).toBeGreaterThan(2)
    for (const { joined } of one.deliveries) expect(joined[0].bytes).toBeLessThanOrEqual(32_768 + one.deliveries.length)
    expect(one.deliveries.reduce((sum, { count }) => sum + count, 0)).toBe(20)
  })

  it("[G6] sends a message larger than a batch alone, so that nobody is given it with others", async () => {
    const { clock, hub, publish } = setUp()
    const one = receiver()
    hub.open("log", app.match("log")).join(one)
    publish("log", 1)
    hub.publish({ channel: "log", name: "put", data: JSON.stringify("x".repeat(400_000)) as never, at: 0, offset: 2 })
    publish("log", 3)
    await clock.settle()
    expect(one.deliveries.map(({ first, count }) => [first, count])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ])
  })

  it("[F80] leaves broadcasts out while they are shed, counts them, and tells once they are delivered again; never a stream", async () => {
    const { clock, hub, publish, load, counters } = setUp()
    const [log, news] = [receiver(), { ...receiver(), onShed: (shed: number) => void told.push(shed) }]
    const told: number[] = []
    const live = hub.open("news", app.match("news"))
    live.join(news)
    hub.open("log", app.match("log")).join(log)
    load.sheds = true
    for (let offset = 1; offset <= 3; offset++) {
      publish("news")
      publish("log", offset)
    }
    await clock.settle()
    expect([news.deliveries.length, log.deliveries[0]?.count, counters.snapshot()["shed{broadcasts}"]]).toEqual([0, 3, 3])
    load.sheds = false
    hub.tellShed()
    publish("news")
    await clock.settle()
    expect([told, news.deliveries.length]).toEqual([[3], 1])
    hub.close()
  })

  it("[F61][G5] tells a stream's position once, within four seconds of its last message, and a broadcast's never", async () => {
    const { clock, hub, publish } = setUp()
    const [log, news] = [receiver(), receiver()]
    hub.open("log", app.match("log")).join(log)
    hub.open("news", app.match("news")).join(news)
    publish("news")
    for (let offset = 1; offset <= 7; offset++) {
      publish("log", offset)
      await clock.advance(1_000)
    }
    expect(log.deliveries).toHaveLength(7)
    await clock.advance(3_000)
    expect(log.texts.at(-1)).toBe('{"type":"position","channel":"log","position":{"epoch":"e","offset":7}}')
    await clock.advance(60_000)
    expect([log.deliveries.length, news.deliveries.length]).toEqual([8, 1])
    expect(clock.pendingTimers).toBe(0)
  })

  it("[F61][G5] tells the position within four seconds of a replay too, however often others join meanwhile, and of a mere join not", async () => {
    const { clock, hub } = setUp()
    const live = hub.open("log", app.match("log"))
    const [idle, first] = [receiver(), receiver()]
    live.join(idle)
    await clock.advance(10_000)
    expect(idle.deliveries).toEqual([])
    live.join(first, true)
    for (let second = 1; second <= 8; second++) {
      await clock.advance(1_000)
      live.join(receiver(), true)
      expect(first.texts.length).toBeGreaterThanOrEqual(Math.floor(second / 4))
    }
    await clock.advance(10_000)
    const told = first.texts.length
    expect([idle.texts.length, told]).toEqual([told, 5])
    await clock.advance(60_000)
    expect([first.texts.length, clock.pendingTimers]).toEqual([told, 0])
  })

  it("[G11] does without the position of a log that cannot be read", async () => {
    const { clock, hub, publish } = setUp(() => {
      throw new MagpieError("CLOSED", "closed")
    })
    const one = receiver()
    hub.open("log", app.match("log")).join(one)
    publish("log", 1)
    await clock.advance(10_000)
    expect(one.deliveries).toHaveLength(1)
  })

  it("[G12] forgets a channel after its last follower, and its timer when it closes", async () => {
    const { clock, hub, publish, followers } = setUp()
    const [first, second] = [followers.follow("log", app.match("log")), followers.follow("log", app.match("log"))]
    expect([first === second, followers.count("log"), hub.size]).toEqual([true, 2, 1])
    followers.unfollow(first)
    expect([followers.count("log"), hub.size]).toEqual([1, 1])
    publish("log", 1)
    followers.unfollow(second)
    expect([followers.count("log"), hub.size]).toEqual([0, 0])
    hub.open("log", app.match("log")).join(receiver())
    publish("log", 2)
    hub.close()
    expect(clock.pendingTimers).toBe(0)
  })
})
