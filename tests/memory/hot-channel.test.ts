import { jsonServerCodec } from "@magpie/protocol"
import type { RawConnection } from "@magpie/testing"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type ChatBed, closeBed, greeted, publish, startChat } from "./chat-bed.ts"

const SUBSCRIBERS = 2_000
const CROWD = "192.0.2.1"
const KIB = "x".repeat(1_024)
/** What it costs to write one frame to one of the crowd: a round takes a fifth of a second. */
const WRITE_MS = 0.1
const MANY = 1_000_000
/** Many more than a round takes. */
const MANY_TURNS = 500

let bed: ChatBed
let crowd: readonly RawConnection[]

beforeEach(async () => {
  const rates = { handshakesPerSecond: MANY, handshakesPerAddressPerSecond: MANY, messagesPerAddressPerSecond: MANY }
  bed = await startChat({ limits: { ...rates, connectionsPerAddress: MANY } })
  crowd = Array.from({ length: SUBSCRIBERS }, () => bed.raw({ address: CROWD }))
  for (const raw of crowd) raw.send({ type: "hello", version: 1 }, subscribe("chat/a"), subscribe("cursor/a"))
  await bed.clock.until(() => bed.server.channel("cursor/a").subscribers === SUBSCRIBERS)
  bed.network.jitterMs = (address) => {
    if (address === CROWD) bed.clock.sleep(WRITE_MS)
    return 0
  }
})
afterEach(async () => {
  vi.restoreAllMocks()
  bed.network.jitterMs = () => 0
  await closeBed(bed)
})

const subscribe = (channel: string): object => ({ type: "subscribe", id: 1, channel })
const say = (text: string): void => void bed.server.channel("chat/a").publish("say", { text })
const textsOf = (raw: RawConnection): unknown[] => raw.of("message").map(({ data }) => (data as { text: string }).text)
const served = (): number => crowd.filter((raw) => raw.of("message").length > 0).length
const unserved = (): readonly RawConnection[] => crowd.filter((raw) => raw.of("message").length === 0)

/**
 * Sends something to the crowd, and acts at the end of each turn of the event loop while some have it and some have not.
 * Returns how long each turn took, in milliseconds.
 */
async function whileServing(send: () => void, act: (turn: number) => void): Promise<readonly number[]> {
  const turnsMs: number[] = []
  let turn = 0
  let at = bed.clock.monotonic()
  const look = (): void => {
    turnsMs.push(bed.clock.monotonic() - at)
    at = bed.clock.monotonic()
    const count = served()
    if (count === SUBSCRIBERS || turn === MANY_TURNS) return
    if (count > 0) act(++turn)
    bed.clock.defer(look)
  }
  send()
  bed.clock.defer(look)
  await bed.clock.settle()
  expect(turn).toBeGreaterThanOrEqual(20)
  return turnsMs
}

describe("a channel with many subscribers", () => {
  it("[F83] is sent 1 KiB encoded once, in slices of at most 10 ms, and pings are answered between them", async () => {
    const pinger = await greeted(bed)
    const encode = vi.spyOn(jsonServerCodec, "encodePublication")
    const sentAt: number[] = []
    const pongsMs: number[] = []
    const turnsMs = await whileServing(
      () => say(KIB),
      () => {
        const now = bed.clock.monotonic()
        while (pongsMs.length < pinger.of("pong").length) pongsMs.push(now - (sentAt[pongsMs.length] ?? 0))
        sentAt.push(now)
        pinger.send({ type: "ping" })
      },
    )
    expect(Math.max(...turnsMs)).toBeLessThanOrEqual(10)
    expect(pongsMs.length).toBeGreaterThanOrEqual(20)
    expect(Math.max(...pongsMs)).toBeLessThanOrEqual(30)
    expect(encode).toHaveBeenCalledTimes(1)
    for (const raw of crowd) expect(textsOf(raw)).toEqual([KIB])
  })

  it("[F83][G1][G3] takes more meanwhile: it is acknowledged ahead of the rest, and everybody has the same order", async () => {
    const publisher = await greeted(bed)
    let acknowledged = 0
    await whileServing(
      () => say("first"),
      (turn) => {
        if (turn <= 4) publisher.send(publish(turn, `then ${turn}`))
        acknowledged = publisher.of("published").length
      },
    )
    expect(acknowledged).toBe(4)
    for (const raw of crowd) expect(textsOf(raw)).toEqual(["first", "then 1", "then 2", "then 3", "then 4"])
    for (const raw of crowd.slice(0, 3)) expect(raw.of("message").map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5])
  })

  it("[F83] holds nobody up who follows another", async () => {
    const [follower, publisher] = [await greeted(bed), await greeted(bed)]
    follower.send(subscribe("cursor/b"))
    await bed.clock.settle()
    const late: number[] = []
    await whileServing(
      () => say(KIB),
      (turn) => {
        late.push(turn - 1 - follower.of("message").length)
        publisher.send({ type: "publish", channel: "cursor/b", name: "move", data: { x: turn } })
      },
    )
    expect(Math.max(...late)).toBeLessThanOrEqual(3)
    const moves = follower.of("message").map(({ data }) => (data as { x: number }).x)
    expect(moves).toEqual(Array.from({ length: late.length }, (_, index) => index + 1))
  })

  it("[F60][F83][G4] gives who unsubscribes or is disconnected between slices all that came before, and who subscribes what comes after", async () => {
    const [leaver, outcast] = [crowd.at(-1), crowd.at(-2)]
    const late: RawConnection = await greeted(bed)
    await whileServing(
      () => say("before"),
      (turn) => {
        if (turn !== 1) return
        expect(unserved()).toContain(leaver)
        expect(unserved()).toContain(outcast)
        leaver?.send({ type: "unsubscribe", id: 2, channel: "chat/a" })
        bed.server.connections.get(String(outcast?.of("welcome")[0]?.connection))?.disconnect()
        late.send(subscribe("chat/a"))
      },
    )
    say("after")
    await bed.clock.settle()
    expect(textsOf(late)).toEqual(["after"])
    expect(late.reply(1)).toMatchObject({ type: "subscribed", position: { offset: 1 } })
    expect(leaver?.replies.slice(-2).map(({ type }) => type)).toEqual(["message", "unsubscribed"])
    expect([textsOf(leaver as RawConnection), textsOf(outcast as RawConnection)]).toEqual([["before"], ["before"]])
    expect(outcast?.closedWith).toMatchObject({ code: 4008 })
    for (const raw of crowd.slice(0, -2)) expect(textsOf(raw)).toEqual(["before", "after"])
  })

  it("[F83][G5] tells nobody by a pong that it is behind while the message is on its way", async () => {
    const last = crowd.at(-1)
    await whileServing(
      () => say("before"),
      (turn) => {
        if (turn === 1) last?.send({ type: "ping", id: 2, positions: { "chat/a": 0 } })
      },
    )
    expect(last?.replies.slice(-2)).toMatchObject([{ type: "pong" }, { type: "message" }])
    expect(last?.reply(2)).toEqual({ type: "pong", id: 2 })
  })

  it("[F83] of broadcasts gives each of them to everybody once, in order", async () => {
    const move = (x: number): void => bed.server.channel("cursor/a").publish("move", { x, pad: KIB })
    await whileServing(
      () => move(0),
      (turn) => move(turn),
    )
    const expected = crowd[0]?.of("message").map(({ data }) => (data as { x: number }).x)
    expect(expected).toEqual(Array.from({ length: expected?.length ?? 0 }, (_, index) => index))
    for (const raw of crowd) expect(raw.of("message").map(({ data }) => (data as { x: number }).x)).toEqual(expected)
  })
})
