import { broadcast, contract, stream } from "@magpie/protocol"
import { anonymous, type ChannelRules, type User } from "@magpie/server/core"
import { createTestBed, type RawConnection, type Reply, type TestBed } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { z } from "zod"

const app = contract({
  "cursor/:room": broadcast({ messages: { move: z.object({ x: z.number(), pad: z.string() }) } }),
  "chat/:room": stream({ messages: { say: z.object({ text: z.string() }) } }),
})
type App = typeof app
type CursorRules = ChannelRules<App, "cursor/:room", User>
type ChatRules = ChannelRules<App, "chat/:room", User>

const SLOW = "192.0.2.1"
const LIMIT = 262_144
const PAD = "x".repeat(1_024)

let bed: TestBed<App, User>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

interface Policies {
  readonly cursor?: Exclude<CursorRules["overflow"], undefined>
  readonly chat?: Exclude<ChatRules["overflow"], undefined>
  readonly plain?: boolean
}

/** Somebody who follows `cursor/a` and `chat/a` and reads nothing, and somebody who reads everything. */
async function start({ cursor, chat, plain = false }: Policies) {
  const authorize = () => true
  bed = await createTestBed(app, {
    auth: anonymous(),
    rules: {
      "cursor/:room": { authorize, ...(cursor && { overflow: cursor }) },
      "chat/:room": { authorize, ...(chat && { overflow: chat }) },
    },
  })
  const [slow, healthy] = [await follow(SLOW, plain), await follow("192.0.2.2", plain)]
  bed.network.stallReaders(true, SLOW)
  return { slow, healthy }
}

async function follow(address: string, plain: boolean): Promise<RawConnection> {
  const raw = bed.raw({ address, plain })
  if (!plain) raw.send({ type: "hello", version: 1 })
  await bed.clock.settle()
  for (const channel of ["cursor/a", "chat/a"]) raw.send({ type: "subscribe", channel })
  await bed.clock.settle()
  return raw
}

/** Publishes `x` from the first to the last, several a turn, and looks at each turn's end how much is held. */
async function move(from: number, to: number): Promise<void> {
  for (let x = from; x < to; x++) {
    bed.server.channel("cursor/a").publish("move", { x, pad: PAD })
    if (x % 20 === 19) await bed.clock.settle()
    expect(bed.server.counters.queuedBytes).toBeLessThanOrEqual(LIMIT)
  }
  await bed.clock.settle()
}

async function readAgain(): Promise<void> {
  bed.network.stallReaders(false, SLOW)
  await bed.clock.settle()
}

const xOf = ({ data }: Reply): number => (data as { x: number }).x
const xsOf = (raw: RawConnection): number[] => raw.of("message").map(xOf)
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

describe("a broadcast's overflow policy", () => {
  for (const plain of [false, true]) {
    it(`[F77][G6] drop-oldest keeps the newest, and says exactly how many went before them (${plain ? "plain" : "subprotocol"})`, async () => {
      const { slow, healthy } = await start({ plain })
      await move(0, 1_000)
      expect(xsOf(healthy)).toEqual(upTo(0, 1_000))
      expect(bed.network.heldBytes(SLOW)).toBeLessThanOrEqual(LIMIT)
      await readAgain()
      const gaps = slow.of("gap")
      expect(gaps).toEqual([{ type: "gap", channel: "cursor/a", reason: "slow", skipped: expect.any(Number) }])
      const before = slow.replies.indexOf(gaps[0] as Reply) - slow.replies.indexOf(slow.of("message")[0] as Reply)
      const skipped = Number(gaps[0]?.skipped)
      // Half of what may be held went out before it was known that nobody reads; half is the newest.
      expect(before * PAD.length).toBeGreaterThan(LIMIT / 4)
      expect((1_000 - before - skipped) * PAD.length).toBeGreaterThan(LIMIT / 4)
      expect(xsOf(slow)).toEqual([...upTo(0, before), ...upTo(before + skipped, 1_000)])
      expect(bed.server.counters["skipped{slow}"]).toBe(skipped)
      await move(1_000, 1_003)
      expect(xsOf(slow).slice(-3)).toEqual([1_000, 1_001, 1_002])
      expect(slow.of("gap")).toHaveLength(1)
      expect(bed.server.counters.queuedBytes).toBe(0)
    })
  }

  it("[F77] drop-oldest counts exactly also for one who stumbles again and again, in order and without a double", async () => {
    const { slow } = await start({})
    let x = 0
    for (let round = 1; round <= 40; round++) {
      await move(x, x + round * 7)
      x += round * 7
      if (round % 3 === 0) await readAgain()
      bed.network.stallReaders(true, SLOW)
    }
    await readAgain()
    let next = 0
    for (const reply of slow.replies) {
      if (reply.type === "gap") next += Number(reply.skipped)
      if (reply.type === "message") expect(xOf(reply)).toBe(next++)
    }
    expect(next).toBe(x)
    expect(slow.of("gap").length).toBeGreaterThan(3)
  })

  it("[F77][G6] newestPerKey gives the newest of each key, and counts those that it took the place of", async () => {
    const newestPerKey = ({ data }: { data: { x: number } }) => (data.x % 10 < 5 ? `key ${data.x % 10}` : undefined)
    const { slow, healthy } = await start({ cursor: { newestPerKey } })
    await move(0, 2_000)
    expect(xsOf(healthy)).toEqual(upTo(0, 2_000))
    await readAgain()
    const skipped = Number(slow.of("gap")[0]?.skipped)
    const got = xsOf(slow)
    expect(slow.of("gap")).toHaveLength(1)
    expect(got.length + skipped).toBe(2_000)
    const held = got.slice(slow.replies.indexOf(slow.of("gap")[0] as Reply) - slow.replies.indexOf(slow.of("message")[0] as Reply))
    expect(held.filter((x) => x % 10 < 5)).toEqual([1_990, 1_991, 1_992, 1_993, 1_994])
    // What has no key is kept as long as there is room.
    expect(held.filter((x) => x % 10 >= 5).slice(-5)).toEqual([1_995, 1_996, 1_997, 1_998, 1_999])
    expect(held).toEqual([...held].sort((a, b) => a - b))
  })

  it("[F50] newestPerKey that throws gave no key; it is logged without the message, and nobody else notices", async () => {
    const newestPerKey = () => {
      throw new Error(PAD)
    }
    const { slow, healthy } = await start({ cursor: { newestPerKey } })
    await move(0, 500)
    expect(xsOf(healthy)).toEqual(upTo(0, 500))
    await readAgain()
    expect(xsOf(slow).length + Number(slow.of("gap")[0]?.skipped)).toBe(500)
    expect(bed.env.lines.map(({ event }) => event)).toContain("overflow-key-failed")
    expect(JSON.stringify(bed.env.lines)).not.toContain(PAD)
  })

  it("[F77] disconnect closes the slow one with 4003, gives it nothing after what it missed, and leaves the others alone", async () => {
    const { slow, healthy } = await start({ cursor: "disconnect" })
    await move(0, 1_000)
    await readAgain()
    expect(slow.closedWith).toMatchObject({ code: 4003 })
    expect(xsOf(slow)).toEqual(upTo(0, slow.of("message").length))
    expect(slow.of("message").length).toBeLessThan(300)
    expect(xsOf(healthy)).toEqual(upTo(0, 1_000))
    expect(bed.server.connections.size).toBe(1)
  })

  it("[G6] holds also for what the server sends to one connection alone", async () => {
    const { slow } = await start({})
    const handle = [...bed.server.connections].find(({ address }) => address === SLOW)
    for (let x = 0; x < 1_000; x++) {
      handle?.send("cursor/a", "move", { x, pad: PAD })
      expect(bed.server.counters.queuedBytes).toBeLessThanOrEqual(LIMIT)
    }
    await bed.clock.settle()
    await readAgain()
    expect(slow.of("message").length + Number(slow.of("gap")[0]?.skipped)).toBe(1_000)
    expect(xsOf(slow).at(-1)).toBe(999)
  })

  it("holds nothing any more for one who unsubscribes or goes", async () => {
    const { slow } = await start({})
    await move(0, 500)
    slow.send({ type: "unsubscribe", id: 9, channel: "cursor/a" })
    await bed.clock.settle()
    const written = bed.network.heldBytes(SLOW)
    expect(bed.server.counters.queuedBytes).toBeLessThanOrEqual(written + 16 * 20)
    bed.network.reset(SLOW)
    await bed.clock.settle()
    expect(bed.server.counters.queuedBytes).toBe(0)
  })
})

describe("a stream's overflow policy", () => {
  it("[F77][G4] disconnect closes the slow one with 4003, and it resumes without a hole", async () => {
    const { slow, healthy } = await start({ chat: "disconnect" })
    const texts = upTo(0, 1_000).map(String)
    for (const text of texts) void bed.server.channel("chat/a").publish("say", { text: text + PAD })
    await bed.clock.settle()
    await readAgain()
    expect(healthy.of("message")).toHaveLength(1_000)
    expect(slow.closedWith).toMatchObject({ code: 4003 })
    const reached = slow.of("message").map(({ offset }) => Number(offset))
    const again = bed.raw({ address: SLOW })
    again.send({ type: "hello", version: 1 })
    const { epoch } = bed.server.channel("chat/a").position
    again.send({ type: "subscribe", channel: "chat/a", position: { epoch, offset: reached.at(-1) } })
    await bed.clock.settle()
    expect(reached.length).toBeGreaterThan(0)
    expect([...reached, ...again.of("message").map(({ offset }) => offset)]).toEqual(upTo(1, 1_001))
  })

  it("is checked at the door: a kind has its own policies", async () => {
    await start({})
    const channel = bed.server.channel as (pattern: string, rules: object) => void
    for (const [pattern, overflow] of [
      ["cursor/:room", "read-log"],
      ["cursor/:room", { newestPerKey: "x" }],
      ["cursor/:room", "drop"],
      ["chat/:room", "drop-oldest"],
      ["chat/:room", { newestPerKey: () => "k" }],
    ] as const) {
      expect(() => channel(pattern, { authorize: () => true, overflow })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
    }
  })
})
