import type { Client } from "@magpie/client"
import { msgpack } from "@magpie/msgpack/server"
import type { RawConnection } from "@magpie/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type App, type ChatBed, closeBed, listen, numbered, outcomeOf, publish, say, startChat } from "../memory/chat-bed.ts"
import type { Way } from "./ways.ts"

const READER = "192.0.2.7"
const QUEUED_BYTES = 262_144

/** The guarantees that a transport must not weaken, for one transport [F42]. Each transport's test runs it. */
export function deliverySuite(way: Way): void {
  let bed: ChatBed
  beforeEach(async () => {
    bed = await startChat({ codecs: [msgpack()] })
  })
  afterEach(() => closeBed(bed))

  const connect = (address = "192.0.2.1"): Client<App> =>
    bed.connect({ address, transport: way.make, ...(way.codec && { codec: way.codec }) })
  const publishMany = async (count: number, text: string): Promise<void> => {
    for (let index = 0; index < count; index++) void bed.server.channel("chat/a").publish("say", { text })
    await bed.clock.settle()
  }

  /** A link that says what the test likes, and was welcomed. */
  const enter = async (): Promise<RawConnection> => {
    const world = { http: bed.network.http(), clock: bed.clock, random: bed.env.random }
    const raw = bed.raw({ transport: way.make(bed.network.transport(), world) })
    raw.send({ type: "hello", version: 1 })
    await bed.clock.advance(100)
    expect(raw.of("welcome")).toHaveLength(1)
    return raw
  }

  describe(`over ${way.name}`, () => {
    it("[G3] everybody sees one order, in which each publisher's own order stands", async () => {
      const clients = [connect(), connect("192.0.2.2"), connect("192.0.2.3")]
      const heard = clients.map((client) => listen(client))
      await bed.clock.until(() => heard.every(({ isLive }) => isLive()))
      for (let round = 0; round < 30; round++) {
        for (const [index, client] of clients.entries()) void say(client, `${index}:${round}`)
        if (round % 7 === 0) await bed.clock.advance(20)
      }
      await bed.clock.until(() => heard.every(({ texts }) => texts.length === 90))
      for (const { texts } of heard) expect(texts).toEqual(heard[0]?.texts)
      for (const index of [0, 1, 2]) {
        const own = heard[0]?.texts.filter((text) => text.startsWith(`${index}:`))
        expect(own).toEqual(Array.from({ length: 30 }, (_, round) => `${index}:${round}`))
      }
    })

    it("[F90][F91][G1][G2] what is published while links break over and over is stored once and heard once", async () => {
      bed.network.latencyMs = 15
      const client = connect(READER)
      const listener = listen(connect(READER))
      await bed.clock.until(listener.isLive)
      const sent = Array.from({ length: 120 }, (_, index) => `m${index}`)
      let acknowledged = 0
      for (const [index, text] of sent.entries()) {
        void say(client, text).then(() => {
          acknowledged += 1
        })
        await bed.clock.advance(40)
        if (index % 5 === 4) bed.network.reset(READER)
      }
      await bed.clock.until(() => acknowledged === sent.length && listener.texts.length >= sent.length, 120_000)
      await bed.clock.advance(5_000)
      expect(listener.heard).toEqual(numbered(sent))
      expect(listener.gaps).toEqual([])
    })

    it("[G4] who was away gets all that was missed, or is told what is gone", async () => {
      const client = connect(READER)
      const [kept, short] = [listen(client), listen(client, "short/a")]
      await bed.clock.until(() => kept.isLive() && short.isLive())
      bed.network.cut(true, READER)
      await publishMany(1_200, "x")
      for (let index = 0; index < 15; index++) void bed.server.channel("short/a").publish("say", { text: `s${index}` })
      // Long enough for every transport to have lost its link.
      await bed.clock.advance(30_000)
      bed.network.cut(false, READER)
      await bed.clock.until(() => kept.texts.length === 1_200 && short.gaps.length > 0, 120_000)
      expect(kept.heard).toEqual(numbered(Array(1_200).fill("x")))
      expect(kept.gaps).toEqual([])
      expect(short.gaps).toMatchObject([{ reason: "trimmed" }])
    })

    it("[G1] a network that goes silent is noticed, and what was sent into it arrives once", async () => {
      const client = connect(READER)
      const listener = listen(connect("192.0.2.2"))
      await bed.clock.until(() => listener.isLive() && client.status.state === "online")
      bed.network.strand(READER)
      const pending = say(client, "into the dark")
      await bed.clock.advance(60_000)
      await outcomeOf(bed, pending)
      expect(listener.texts).toEqual(["into the dark"])
    })

    it("[F77][G6] a reader that stops costs at most queuedBytes, and has everything when it reads again", async () => {
      const listener = listen(connect(READER))
      const other = listen(connect("192.0.2.2"))
      await bed.clock.until(() => listener.isLive() && other.isLive())
      bed.network.stallReaders(true, READER)
      for (let round = 1; round <= 10; round++) {
        await publishMany(100, "x".repeat(1_024))
        // A poll's answer is on its way beside what waits behind it.
        expect(bed.network.heldBytes(READER) + (bed.server.counters.queuedBytes ?? 0)).toBeLessThanOrEqual(3 * QUEUED_BYTES)
        expect(bed.server.counters.queuedBytes).toBeLessThanOrEqual(QUEUED_BYTES)
      }
      await bed.clock.until(() => other.texts.length === 1_000)
      bed.network.stallReaders(false, READER)
      await bed.clock.until(() => listener.texts.length === 1_000, 120_000)
      expect(listener.heard).toEqual(other.heard)
      expect(listener.gaps).toEqual([])
    })

    it("[G3] a broadcast and its publisher's order come through, and a quiet link stays up for minutes", async () => {
      const client = connect(READER)
      const xs: number[] = []
      client.channel("cursor/a").on("move", ({ data }) => xs.push(data.x))
      await bed.clock.advance(180_000)
      expect(client.status.state).toBe("online")
      for (const x of [1, 2, 3]) void bed.server.channel("cursor/a").publish("move", { x })
      await bed.clock.advance(1_000)
      expect(xs).toEqual([1, 2, 3])
      expect([...bed.server.connections]).toHaveLength(1)
    })

    it("[G11] a server that leaves sends its clients away with a time to come back, and they do", async () => {
      const client = connect(READER)
      const listener = listen(client)
      await bed.clock.until(listener.isLive)
      const closing = bed.server.close({ spreadMs: 1_000 })
      await bed.clock.advance(10_000)
      await closing
      expect(client.status).toMatchObject({ state: "reconnecting" })
      bed.kill()
      await bed.start()
      await bed.clock.until(() => client.status.state === "online", 60_000)
    })

    it("[F44][G11] malformed frames are refused one by one, and too many end the link with the same code", async () => {
      const raw = await enter()
      raw.sendFrame('{"type":')
      raw.send(publish(7, "fine"))
      await bed.clock.advance(1_000)
      expect(raw.of("error")).toMatchObject([{ code: "BAD_REQUEST" }])
      expect(raw.reply(7)).toMatchObject({ type: "published" })
      for (let index = 0; index < 12; index++) raw.sendFrame("nonsense")
      await bed.clock.advance(10_000)
      expect(raw.closedWith).toMatchObject({ code: 4506 })
    })

    it("[F49][G11] who sends faster than the rate is refused with the time to wait", async () => {
      const raw = await enter()
      for (let index = 0; index < 6; index++) raw.send(...Array.from({ length: 100 }, (_, at) => publish(100 * index + at, "fast")))
      await bed.clock.advance(1_000)
      const refused = raw.of("error")
      expect(refused.length).toBeGreaterThan(100)
      expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["RATE_LIMITED"]))
      expect(refused[0]).toMatchObject({ retryAfterMs: expect.any(Number) })
      raw.close()
      await bed.clock.advance(2_000)
    })

    it("[G12] a client's close leaves nothing at the server", async () => {
      const client = connect(READER)
      await bed.clock.until(() => client.status.state === "online")
      await outcomeOf(bed, client.close())
      await bed.clock.advance(100)
      expect(bed.server.connections.size).toBe(0)
      expect(bed.network.linksOf(READER)).toBe(0)
    })
  })
}
