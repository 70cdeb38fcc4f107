import type { NeighbourRecord } from "@magpie/journal"
import { memoryStorage } from "@magpie/journal"
import { type MemoryTopic, memoryTopic } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { outcomeOf } from "./chat-bed.ts"
import { type NeighboursBed, startNeighbours, until } from "./neighbours-bed.ts"

let bed: NeighboursBed
afterEach(async () => {
  await bed.close()
  expect([bed.network.links, bed.clock.pendingTimers]).toEqual([0, 0])
})

type EgressOptions = Parameters<NeighboursBed["server"]["egress"]>[0]

const begin = (to: MemoryTopic, options: Partial<EgressOptions> = {}) =>
  bed.server.egress({ name: "rooms", channel: "room/a", to, places: "places", ...options })

async function sayAll(from: number, to: number): Promise<void> {
  for (let text = from; text <= to; text++) await outcomeOf(bed, bed.server.channel("room/a").publish("say", `${text}`))
}

const parsed = ({ value }: NeighbourRecord) => JSON.parse(new TextDecoder().decode(value))
/** What stands in a topic, as `offset text`, or the gap. */
const told = (topic: MemoryTopic): readonly string[] =>
  topic.records.map((record) => {
    const { type, message, from, to, reason } = parsed(record)
    return type === "gap" ? `${reason} ${from}-${to}` : `${record.headers["magpie-offset"]} ${message?.data}`
  })

/** As whoever reads the topic does: what has a position that was seen is dropped. */
const seenOnce = (topic: MemoryTopic): readonly string[] => [...new Set(told(topic))]

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index} ${from + index}`)
const hasAll = (topic: MemoryTopic, count: number): Promise<void> => until(bed, () => seenOnce(topic).length >= count)

describe("an egress", () => {
  it("[G3] mirrors a stream from its first message on, each event with its position", async () => {
    bed = await startNeighbours()
    await sayAll(1, 3)
    const topic = memoryTopic()
    const egress = begin(topic)
    await hasAll(topic, 3)
    await sayAll(4, 5)
    await hasAll(topic, 5)
    expect(told(topic)).toEqual(numbered(1, 5))
    const { epoch } = bed.server.channel("room/a").position
    expect(topic.records[4]).toMatchObject({
      key: "room/a",
      headers: { "magpie-channel": "room/a", "magpie-type": "message", "magpie-epoch": epoch, "magpie-offset": "5" },
    })
    expect(parsed(topic.records[4] as NeighbourRecord)).toMatchObject({
      ...{ channel: "room/a", type: "message", position: { epoch, offset: 5 }, message: { name: "say", data: "5" } },
    })
    expect(egress).toMatchObject({ state: "running", position: { offset: 5 }, counts: { sent: 5, leftOut: 0, gaps: 0 } })
  })

  it("[G1][F52] goes on after a kill from where it was: nothing is missing, nothing out of order, and little comes twice", async () => {
    const disk = memoryStorage()
    bed = await startNeighbours({ storage: disk })
    const topic = memoryTopic()
    for (let kills = 0; kills < 8; kills++) {
      begin(topic)
      await sayAll(5 * kills + 1, 5 * kills + 5)
      if (kills % 2 === 0) await hasAll(topic, 5 * kills + 5)
      // The place is kept a second later, or not any more.
      if (kills % 4 === 0) await bed.clock.advance(1_500)
      bed.kill()
      topic.drop()
      await bed.start(disk)
    }
    begin(topic)
    await hasAll(topic, 40)
    await bed.clock.advance(5_000)
    expect(seenOnce(topic)).toEqual(numbered(1, 40))
    expect(told(topic).length).toBeGreaterThan(40)
    expect(told(topic).length).toBeLessThan(40 + 8 * 15)
  })

  it("repeats what nobody acknowledged, waits for a topic that is away, and keeps the order", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const egress = begin(topic)
    await until(bed, () => egress.state === "running")
    topic.loseAcks(2)
    await sayAll(1, 2)
    await hasAll(topic, 2)
    topic.cut(true)
    await sayAll(3, 4)
    await bed.clock.advance(20_000)
    expect(egress.state).toBe("waiting")
    topic.cut(false)
    await hasAll(topic, 4)
    expect(seenOnce(topic)).toEqual(numbered(1, 4))
  })

  it("[G4] says in its place what was gone before it could be sent", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const egress = begin(topic)
    await sayAll(1, 2)
    await hasAll(topic, 2)
    await bed.clock.advance(2_000)
    await egress.close()
    await sayAll(3, 80)
    const again = begin(topic)
    await until(bed, () => seenOnce(topic).at(-1) === "80 80")
    const [gap = "", first = ""] = seenOnce(topic).slice(2)
    const begins = Number(first.split(" ")[0])
    expect(gap).toBe(`trimmed 3-${begins - 1}`)
    expect(seenOnce(topic).slice(3)).toEqual(numbered(begins, 80))
    expect(again.counts.gaps).toBe(1)
  })

  it("begins now where it is told to, also when it is killed before the first message", async () => {
    const disk = memoryStorage()
    bed = await startNeighbours({ storage: disk })
    await sayAll(1, 3)
    const topic = memoryTopic()
    const first = begin(topic, { start: "now" })
    await bed.clock.advance(2_000)
    expect(first.state).toBe("running")
    bed.kill()
    topic.drop()
    await bed.start(disk)
    await sayAll(4, 4)
    begin(topic, { start: "now" })
    await hasAll(topic, 1)
    expect(told(topic)).toEqual(["4 4"])
  })

  it("writes what it is told to write, and leaves out what it is told to leave out", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const egress = begin(topic, {
      record: (event) =>
        event.type === "message" && event.position.offset % 2 === 0
          ? { key: "even", value: `${event.message?.data}!`, headers: { kind: "test", "magpie-offset": "9" } }
          : undefined,
    })
    await sayAll(1, 4)
    await until(bed, () => egress.position?.offset === 4)
    expect(topic.records.map(({ key, value }) => `${key} ${new TextDecoder().decode(value)}`)).toEqual(["even 2!", "even 4!"])
    expect(topic.records[1]?.headers).toMatchObject({ kind: "test", "magpie-offset": "4" })
    expect(egress.counts).toMatchObject({ sent: 2, leftOut: 2 })
  })

  it("stands still before a record that the topic refuses, says so, and sends what is before it once", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    topic.refuse((record) => parsed(record).message?.data === "3")
    await sayAll(1, 5)
    const egress = begin(topic)
    await bed.clock.advance(30_000)
    expect(egress.state).toBe("stuck")
    // Once with the page that was refused, and once alone.
    expect(told(topic).filter((text) => text === "1 1").length).toBeLessThanOrEqual(2)
    expect(bed.env.lines.some(({ event, fields }) => event === "egress.stuck" && fields.code === "TOO_LARGE")).toBe(true)
    topic.refuse(undefined)
    await hasAll(topic, 5)
    expect(seenOnce(topic)).toEqual(numbered(1, 5))
    expect(egress.state).toBe("running")
  })

  it("goes on from the place that somebody else put into the table", async () => {
    bed = await startNeighbours()
    await sayAll(1, 5)
    const topic = memoryTopic()
    const egress = begin(topic)
    await hasAll(topic, 5)
    await bed.clock.advance(2_000)
    const { epoch } = bed.server.channel("room/a").position
    await outcomeOf(bed, bed.server.channel("places").set("rooms", { epoch, offset: 2 }))
    await sayAll(6, 6)
    await bed.clock.advance(5_000)
    expect(told(topic).slice(5)).toEqual(["6 6", ...numbered(3, 6)])
    expect(egress.state).toBe("running")
  })

  it("[G12] keeps its place when the server closes", async () => {
    const disk = memoryStorage()
    bed = await startNeighbours({ storage: disk })
    const topic = memoryTopic()
    begin(topic)
    await sayAll(1, 3)
    await hasAll(topic, 3)
    await outcomeOf(bed, bed.server.close({ spreadMs: 0 }))
    await bed.start(disk.crash())
    begin(topic)
    await sayAll(4, 4)
    await hasAll(topic, 4)
    expect(told(topic)).toEqual(numbered(1, 4))
  })

  it.each([
    ["name", { name: "" }],
    ["name", { name: "x".repeat(65) }],
    ["channel", { channel: "places" }],
    ["channel", { channel: "elsewhere" }],
    ["to", { to: {} }],
    ["places", { places: "room/:name" }],
    ["places", { places: "fleeting" }],
    ["places", { places: "elsewhere" }],
    ["start", { start: "never" }],
  ])("refuses %s where it is none: %o", async (option, wrong) => {
    bed = await startNeighbours()
    expect(() => begin(memoryTopic(), wrong as Partial<EgressOptions>)).toThrowError(
      expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }),
    )
  })
})
