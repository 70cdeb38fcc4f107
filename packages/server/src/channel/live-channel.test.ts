import { broadcast, contract, json, jsonServerCodec, type ServerCodec, stream } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { payloadOf } from "../flow/batch.ts"
import { createTurn } from "../flow/turn.ts"
import type { Receiver } from "./fan-out.ts"
import { LiveChannel } from "./live-channel.ts"

const app = contract({ log: stream({ messages: { put: json() } }), news: broadcast({ messages: { put: json() } }) })
const KIB = "x".repeat(1_024)
const SLICE_MS = 5
/** What it takes to give one receiver something here, so that a thousand of them take two slices. */
const GIVE_MS = 0.01
const MAX_WAITING_BYTES = 65_536

interface Listener extends Receiver {
  /** The numbers that it was given, and how many it was told to have missed in front of the next one. */
  readonly heard: (number | { readonly missed: number })[]
}

function setUp(name: "log" | "news") {
  const clock = fakeClock()
  let encoded = 0
  const codec: ServerCodec = {
    ...jsonServerCodec,
    encodePublication(publication) {
      encoded++
      return jsonServerCodec.encodePublication(publication)
    },
  }
  const turn = createTurn(clock, SLICE_MS)
  const live = new LiveChannel(name, app.match(name), { codec, turn, maxWaitingBytes: MAX_WAITING_BYTES, onActive() {}, onReplayed() {} })
  let published = 0
  const publish = (times = 1): void => {
    for (let time = 0; time < times; time++) {
      const offset = ++published
      const data = JSON.stringify([offset, KIB]) as never
      live.publish({ channel: name, name: "put", data, at: 0, ...(name === "log" ? { offset } : undefined) })
    }
  }
  const join = (seenShed = live.shed): Listener => {
    const heard: Listener["heard"] = []
    const listener: Listener = {
      given: 0,
      heard,
      deliver({ joined: [batch] }) {
        clock.sleep(GIVE_MS)
        for (const [, number] of new TextDecoder().decode(payloadOf(batch)).matchAll(/\[(\d+),/g)) heard.push(Number(number))
      },
      onShed(shed) {
        heard.push({ missed: shed - seenShed })
        seenShed = shed
      },
    }
    live.join(listener)
    return listener
  }
  const crowd = (size: number): Listener[] => Array.from({ length: size }, () => join())
  /** Runs `act` at the end of each turn of the event loop, until it says that it is enough. */
  async function between(act: (turns: number) => boolean): Promise<void> {
    let turns = 0
    const next = (): void => {
      if (act(++turns)) clock.defer(next)
    }
    clock.defer(next)
    await clock.settle()
  }
  return { clock, live, join, crowd, publish, between, encoded: () => encoded, published: () => published }
}

const upTo = (last: number, first = 1): number[] => Array.from({ length: last + 1 - first }, (_, index) => first + index)

describe("a hot channel", () => {
  it("[F83] encodes a message once and gives it to 5,000 subscribers in slices of at most 10 ms", async () => {
    const { clock, crowd, publish, between, encoded } = setUp("log")
    const listeners = crowd(5_000)
    publish()
    const served = (): number => listeners.filter(({ heard }) => heard.length > 0).length
    const slicesMs: number[] = []
    let at = clock.monotonic()
    await between(() => {
      slicesMs.push(clock.monotonic() - at)
      at = clock.monotonic()
      return served() < listeners.length
    })
    expect(Math.max(...slicesMs)).toBeLessThanOrEqual(10)
    expect(slicesMs.length).toBeGreaterThanOrEqual((5_000 * GIVE_MS) / 10)
    expect(encoded()).toBe(1)
    for (const { heard } of listeners) expect(heard).toEqual([1])
  })

  it("[F83][G3] gathers what is published between slices, for everybody in the same order and in one more round", async () => {
    const { crowd, publish, between, encoded, clock } = setUp("log")
    const listeners = crowd(2_000)
    const before = clock.monotonic()
    publish()
    await between((turns) => {
      publish()
      return turns < 5
    })
    for (const { heard } of listeners) expect(heard).toEqual(upTo(6))
    expect(encoded()).toBe(6)
    // A round with the first message, one with those of its slices, and one with what came during that.
    expect(clock.monotonic() - before).toBeLessThanOrEqual(3 * 2_000 * GIVE_MS + 1)
  })

  it("[F60][F83] gives one who joins between slices what is published from then on, and one who leaves all until then", async () => {
    const { live, join, crowd, publish, between } = setUp("log")
    const listeners = crowd(2_000)
    const late: Listener[] = []
    const leaving = listeners.slice(-5)
    publish()
    await between((turns) => {
      late.push(join())
      const leaver = leaving[turns - 1]
      if (leaver !== undefined) live.leave(leaver)
      publish()
      return turns < 5
    })
    expect(late.map(({ heard }) => heard)).toEqual([2, 3, 4, 5, 6].map((first) => upTo(6, first)))
    expect(leaving.map(({ heard }) => heard)).toEqual([1, 2, 3, 4, 5].map((last) => upTo(last)))
    for (const { heard } of listeners.slice(0, -5)) expect(heard).toEqual(upTo(6))
  })

  it("knows what is still on its way to a subscriber, and gives it at once when it is asked to", () => {
    const { live, join, publish } = setUp("log")
    const one = join()
    expect(live.owes(one)).toBe(false)
    publish(2)
    expect([live.owes(one), one.heard]).toEqual([true, []])
    live.settle(one)
    expect([live.owes(one), one.heard]).toEqual([false, [1, 2]])
    publish()
    live.leave(one)
    expect([live.owes(one), one.heard]).toEqual([false, [1, 2, 3]])
  })

  it("[F83][G6] of which more is published than can be handed out leaves out, and tells each subscriber how much and where", async () => {
    const { live, crowd, join, publish, between, published } = setUp("news")
    const listeners = crowd(2_000)
    const late: Listener[] = []
    publish()
    await between((turns) => {
      publish(50)
      if (turns === 3) late.push(join())
      return turns < 12
    })
    publish(3)
    await between(() => false)
    expect(live.shed).toBeGreaterThan(100)
    for (const { heard } of listeners) expect(heard).toEqual(listeners[0]?.heard)
    /** Goes through what was heard: every number is the next one, or was told to be missing in front of the next one. */
    const whole = (heard: Listener["heard"], first: number): void => {
      let next = first
      for (const one of heard) {
        if (typeof one === "number") expect(one).toBe(next)
        next += typeof one === "number" ? 1 : one.missed
      }
      expect(next).toBe(published() + 1)
    }
    whole(listeners[0]?.heard ?? [], 1)
    whole(late[0]?.heard ?? [], 1 + 3 * 50 + 1)
  })

  it("[F83][G4] that is stored leaves nothing out: whoever publishes too much gives the time in which it is handed out", async () => {
    const { clock, live, crowd, publish, between } = setUp("log")
    const listeners = crowd(1_000)
    publish()
    await between((turns) => {
      publish(50)
      return turns < 12
    })
    expect(live.shed).toBe(0)
    for (const { heard } of listeners) expect(heard).toEqual(upTo(601))
    expect(clock.pendingTimers).toBe(0)
  })

  it("takes a burst of one turn as it comes, however large, where its subscribers are few", async () => {
    const { live, crowd, publish, between } = setUp("news")
    const listeners = crowd(20)
    publish(500)
    await between(() => false)
    for (const { heard } of listeners) expect(heard).toEqual(upTo(500))
    expect(live.shed).toBe(0)
  })
})

it("[G5] counts in one delivery what is stored and nothing else, or a cursor beside it would be taken for the next edit", async () => {
  const { clock, live } = setUp("log")
  const deliveries: (readonly [number | undefined, number])[] = []
  live.join({ given: 0, deliver: ({ first, count }) => void deliveries.push([first, count]), onShed() {} })
  const say = (offset?: number) => live.publish({ channel: "log", name: "put", data: "1" as never, at: 0, ...(offset && { offset }) })
  for (const offset of [5, 6, undefined, undefined, 7, undefined]) say(offset)
  await clock.settle()
  expect(deliveries).toEqual([
    [5, 2],
    [undefined, 2],
    [7, 1],
    [undefined, 1],
  ])
})
