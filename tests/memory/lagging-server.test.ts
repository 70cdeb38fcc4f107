import type { Limits, Position } from "@magpie/protocol"
import { type RawConnection, seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { expectOneRun } from "./one-run.ts"
import { clustersClosedAfterEach, type ServerCluster } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()

const ROOMS = ["r1", "r2", "r3", "r4", "r5", "r6"].map((room) => `chat/${room}` as const)

/** Publishes on the first server; resolves when it is stored. */
async function say({ env, server }: ServerCluster, channel: `chat/${string}`, text: string): Promise<Position> {
  let stored: Position | undefined
  void server(0)
    .channel(channel)
    .publish("say", { text })
    .then(({ position }) => {
      stored = position
    })
  await env.clock.until(() => stored !== undefined)
  return stored as unknown as Position
}

/** A connection to the second server, which hears of what the first one stores so much later. */
async function startLagging(lagMs: number, limits: Partial<Limits> = {}, token?: string) {
  const cluster = await startCluster({ limits })
  for (const room of ROOMS) await say(cluster, room, "before")
  await cluster.env.clock.advance(3_000)
  const raw = cluster.raw("b.test")
  raw.send({ type: "hello", version: 1, token })
  await cluster.env.clock.advance(100)
  cluster.model.slowTail("b.test", lagMs)
  await cluster.env.clock.advance(50)
  const positions = new Map<string, Position>()
  for (const room of ROOMS) positions.set(room, await say(cluster, room, "ahead"))
  const subscribe = (id: number, channel: string): void =>
    raw.send({ type: "subscribe", id, channel, position: positions.get(channel) as unknown as object })
  return { cluster, raw, subscribe, clock: cluster.env.clock }
}

const answersTo = (raw: RawConnection, id: number): unknown[] =>
  raw.replies.filter((reply) => reply.id === id).map(({ type, code, answer }) => code ?? answer ?? type)

describe("on a server that is behind its clients", () => {
  it("[F64][G11] pings and other channels go on while subscribes wait, and all of these wait at once", async () => {
    const { raw, subscribe, clock } = await startLagging(7_000)
    for (const [index, room] of ROOMS.entries()) subscribe(index + 1, room)
    raw.send({ type: "subscribe", id: 7, channel: "cursor/a" }, { type: "ping", id: 8 })
    await clock.advance(100)
    expect([answersTo(raw, 7), answersTo(raw, 8)]).toEqual([["new"], ["pong"]])
    await clock.advance(5_500)
    expect(ROOMS.map((_, index) => answersTo(raw, index + 1))).toEqual(ROOMS.map(() => ["UNAVAILABLE"]))
  })

  it("[F66] an unsubscribe is answered at once, and the subscribe that waited begins nothing", async () => {
    const { cluster, raw, subscribe, clock } = await startLagging(500)
    subscribe(1, "chat/r1")
    raw.send({ type: "unsubscribe", id: 2, channel: "chat/r1" })
    await clock.advance(100)
    expect(raw.replies.slice(1).map(({ id, type, code }) => [id, code ?? type])).toEqual([
      [1, "ABORTED"],
      [2, "unsubscribed"],
    ])
    await clock.advance(10_000)
    await say(cluster, "chat/r1", "later")
    await clock.advance(5_000)
    expect([raw.of("message"), cluster.server(1).channel("chat/r1").subscribers]).toEqual([[], 0])
  })

  it("[F66] of two subscribes the later one counts, and each is answered once", async () => {
    const { cluster, raw, subscribe, clock } = await startLagging(500)
    subscribe(1, "chat/r1")
    subscribe(2, "chat/r1")
    raw.send({ type: "subscribe", id: 3, channel: "chat/r2" })
    subscribe(4, "chat/r2")
    await clock.advance(10_000)
    expect([1, 2, 3, 4].map((id) => answersTo(raw, id))).toEqual([["ABORTED"], ["recovered"], ["new"], ["recovered"]])
    await say(cluster, "chat/r1", "later")
    await say(cluster, "chat/r2", "later")
    await clock.advance(5_000)
    expect(
      raw
        .of("message")
        .slice(-2)
        .map(({ channel, data }) => [channel, data]),
    ).toEqual([
      ["chat/r1", { text: "later" }],
      ["chat/r2", { text: "later" }],
    ])
    expect(cluster.server(1).channel("chat/r1").subscribers).toBe(1)
  })

  it("subscriptionsPerConnection: bounds those that wait", async () => {
    const { raw, subscribe, clock } = await startLagging(500, { subscriptionsPerConnection: 3 })
    for (const [index, room] of ROOMS.slice(0, 4).entries()) subscribe(index, room)
    subscribe(4, "chat/r1")
    await clock.advance(10_000)
    expect([0, 1, 2, 3, 4].map((id) => answersTo(raw, id))).toEqual(
      ["ABORTED", "recovered", "recovered", "LIMIT_EXCEEDED", "recovered"].map((answer) => [answer]),
    )
  })

  it("[G11] one that finds no place to wait is refused, and nothing of it goes astray when the wait fails", async () => {
    const { raw, subscribe, clock } = await startLagging(7_000, { subscriptionsPerConnection: 2 })
    for (const [index, room] of ROOMS.slice(0, 3).entries()) subscribe(index, room)
    await clock.advance(6_000)
    expect([0, 1, 2].map((id) => answersTo(raw, id))).toEqual([["UNAVAILABLE"], ["UNAVAILABLE"], ["LIMIT_EXCEEDED"]])
  })

  it("[F34] a token that comes while its rights are asked for leads to asking again, by the new ones", async () => {
    const { cluster, raw, subscribe, clock } = await startLagging(200, {}, "ann")
    const asked: ((yes: boolean) => void)[] = []
    cluster.server(1).channel("chat/:room", { authorize: () => new Promise((resolve) => asked.push(resolve)) })
    subscribe(1, "chat/r1")
    await clock.advance(10)
    asked.shift()?.(true)
    raw.send({ type: "token", id: 2, token: "ann" })
    await clock.until(() => asked.length === 1)
    raw.send({ type: "token", id: 3, token: "ann" })
    await clock.advance(10)
    asked.shift()?.(true)
    await clock.advance(10)
    asked.shift()?.(true)
    await clock.advance(1_000)
    expect([1, 2, 3].map((id) => answersTo(raw, id))).toEqual([["recovered"], ["token"], ["token"]])
  })

  it.each([
    ["UNAVAILABLE", 7_000],
    ["unrecoverable", 500],
  ])(
    "[F77][G6] a thousand that are answered with %s at once cost one that does not read no more than queuedBytes",
    async (answer, lagMs) => {
      const [many, queuedBytes] = [100_000, 131_072]
      const rates = { messagesPerSecond: many, messagesPerUserPerSecond: many, messagesPerAddressPerSecond: many }
      const { cluster, raw, clock } = await startLagging(lagMs, { ...rates, queuedBytes, stallMs: 60_000 })
      const ids = Array.from({ length: 1_000 }, (_, id) => id)
      const position = { ...(await say(cluster, "chat/r1", "newest")), mark: undefined }
      for (const id of ids) raw.send({ type: "subscribe", id, channel: `chat/${"x".repeat(200)}${id}`, position })
      await clock.advance(20)
      cluster.network.stallReaders(true)
      let most = 0
      for (let step = 0; step < 120; step++) {
        await clock.advance(50)
        most = Math.max(most, cluster.server(1).counters.queuedBytes ?? 0)
      }
      expect(most).toBeGreaterThan(queuedBytes / 2)
      expect(most).toBeLessThanOrEqual(queuedBytes)
      cluster.network.stallReaders(false)
      await clock.advance(2_000)
      expect(ids.map((id) => answersTo(raw, id))).toEqual(ids.map(() => [answer]))
    },
  )

  it.each([1, 2, 3])("[F66] gives nothing from before the last subscribe, in 300 races of seed %i", async (seed) => {
    const { cluster, raw, clock } = await startLagging(700)
    const random = seededRandom(`behind/${seed}`)
    const asked: number[] = []
    let newest = await say(cluster, "chat/r1", "first")
    let wanted = false
    for (let round = 0; round < 300; round++) {
      const act = random.pick(["subscribe", "subscribe", "unsubscribe", "say", "wait", "wait"] as const)
      if (act === "say") newest = await say(cluster, "chat/r1", `${round}`)
      else if (act === "wait") await clock.advance(random.integer(1, 900))
      else {
        asked.push(round)
        wanted = act === "subscribe"
        const from = random.pick([undefined, { ...newest, mark: undefined }])
        raw.send({ type: act, id: round, channel: "chat/r1", ...(wanted ? { position: from } : undefined) })
      }
    }
    await clock.advance(20_000)
    expect(asked.map((id) => answersTo(raw, id).length)).toEqual(asked.map(() => 1))

    const next = expectOneRun(raw.replies.slice(1))
    expect(next).toBe(wanted ? newest.offset + 1 : undefined)
    expect(cluster.server(1).channel("chat/r1").subscribers).toBe(wanted ? 1 : 0)
  })
})
