import { memoryStorage } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { type MemoryTopic, memoryTopic } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type NeighboursBed, orderOf, startNeighbours, statesOf, until } from "./neighbours-bed.ts"

let bed: NeighboursBed
afterEach(async () => {
  await bed.close()
  expect([bed.network.links, bed.clock.pendingTimers]).toEqual([0, 0])
})

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index + 1} ${index + 1}`)

/** Everything in the topic is done with. */
const drained = (topic: MemoryTopic): Promise<void> => until(bed, () => topic.unsettled === 0)

describe("an ingress", () => {
  it("[G2][G3] publishes each record once and in the order of its key, however often it comes", async () => {
    bed = await startNeighbours({ storage: (env) => memoryStorage({ env, commitDelayMs: 5 }) })
    const topic = memoryTopic({ partitions: 3, page: 7 })
    const ingress = bed.server.ingress({ name: "orders", from: topic, publish: orderOf })
    for (let state = 1; state <= 40; state++) topic.put(...["a", "b", "c"].map((key) => ({ key, value: `${state}` })))
    for (let drops = 0; drops < 8; drops++) {
      const before = ingress.counts.published
      await until(bed, () => ingress.counts.published > before)
      topic.drop()
    }
    await drained(topic)
    for (const id of ["a", "b", "c"]) expect(statesOf(bed, id)).toEqual(numbered(40))
    expect(ingress.counts).toMatchObject({ published: 120, deadLetters: 0 })
    expect(ingress.counts.repeated).toBeGreaterThan(0)
  })

  it("[G1][G2][F52] stores once what a killed server had stored and not settled", async () => {
    const disk = memoryStorage()
    bed = await startNeighbours({ storage: disk })
    const topic = memoryTopic({ page: 5 })
    const begin = (): void => void bed.server.ingress({ name: "orders", from: topic, publish: orderOf })
    begin()
    for (let kills = 0; kills < 6; kills++) {
      topic.put({ key: "a", value: `${2 * kills + 1}` }, { key: "a", value: `${2 * kills + 2}` })
      await until(bed, () => statesOf(bed, "a").length > 2 * kills)
      bed.kill()
      topic.drop()
      await bed.start(disk)
      begin()
    }
    await drained(topic)
    expect(statesOf(bed, "a")).toEqual(numbered(12))
  })

  it("waits for a disk that takes nothing now, and lets no later record of the key by", async () => {
    const disk = memoryStorage()
    bed = await startNeighbours({ storage: disk })
    const topic = memoryTopic()
    bed.server.ingress({ name: "orders", from: topic, publish: orderOf })
    await bed.clock.settle()
    disk.failNextCommit("unavailable")
    topic.put({ key: "a", value: "1" }, { key: "a", value: "2" }, { key: "a", value: "3" })
    await drained(topic)
    expect(statesOf(bed, "a")).toEqual(numbered(3))
  })

  it("puts what cannot be published among the dead letters, as it was and with the reason, and goes on", async () => {
    bed = await startNeighbours()
    const [topic, dead] = [memoryTopic(), memoryTopic({ name: "dead" })]
    const ingress = bed.server.ingress({
      name: "orders",
      from: topic,
      deadLetters: dead,
      publish(record) {
        if (record.text() === "broken") throw new TypeError("a mistake of ours")
        if (record.text() === "elsewhere") return { channel: "nowhere" as "stock", name: "x", data: 1 }
        if (record.text() === "row") return { channel: "orders/a", row: "x", value: 1 }
        if (record.text() === "wrong") return { channel: "orders/a", name: "changed", data: { state: 7 } }
        return orderOf(record)
      },
    })
    for (const value of ["one", "broken", "elsewhere", "row", "wrong"]) topic.put({ key: "a", value, headers: { from: "erp" } })
    topic.put({ key: "a", value: "nameless", id: undefined }, { key: "a", value: Uint8Array.of(255) }, { key: "a", value: "two" })
    await drained(topic)
    expect(statesOf(bed, "a")).toEqual(["1 one", "2 two"])
    const told = dead.records.map(({ key, value, headers }) => `${key} ${new TextDecoder().decode(value)} ${headers["magpie-error"]}`)
    const codes = [
      "broken INTERNAL",
      "elsewhere UNKNOWN_CHANNEL",
      "row BAD_REQUEST",
      "wrong BAD_REQUEST",
      "nameless BAD_REQUEST",
      "\ufffd BAD_REQUEST",
    ]
    expect(told).toEqual(codes.map((text) => `a ${text}`))
    expect(dead.records[0]?.headers).toMatchObject({ from: "erp", "magpie-ingress": "orders", "magpie-id": "topic/0/1" })
    expect(ingress).toMatchObject({ state: "running", counts: { published: 2, deadLetters: 6 } })
  })

  it("keeps a dead letter until it has landed, also where nobody says so", async () => {
    bed = await startNeighbours()
    const [topic, dead] = [memoryTopic(), memoryTopic()]
    bed.server.ingress({ name: "orders", from: topic, deadLetters: dead, publish: () => ({ channel: "orders/a", name: "x", data: 1 }) })
    dead.cut(true)
    topic.put({ key: "a", value: "1" })
    await bed.clock.advance(20_000)
    expect(topic.unsettled).toBe(1)
    dead.loseAcks(1)
    dead.cut(false)
    await drained(topic)
    expect(dead.records.length).toBe(2)
  })

  it("stands still before what cannot be published where there are no dead letters, and says so once", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    let isMended = false
    const ingress = bed.server.ingress({
      name: "orders",
      from: topic,
      publish: (record) => ({ ...orderOf(record), data: isMended ? { state: record.text() } : 7 }) as ReturnType<typeof orderOf>,
    })
    topic.put({ key: "a", value: "1" }, { key: "a", value: "2" })
    await bed.clock.advance(60_000)
    expect([ingress.state, topic.unsettled, statesOf(bed, "a")]).toEqual(["stuck", 2, []])
    expect(bed.env.lines.filter(({ event }) => event === "ingress.stuck")).toHaveLength(1)
    isMended = true
    await drained(topic)
    expect([ingress.state, statesOf(bed, "a")]).toEqual(["running", numbered(2)])
  })

  it("asks again where the application says that it cannot tell now, and leaves out what it does not want", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    let asked = 0
    const ingress = bed.server.ingress({
      name: "orders",
      from: topic,
      async publish(record) {
        if (record.text() === "no") return undefined
        if (++asked < 4) throw new MagpieError("UNAVAILABLE", "the price service is away")
        return orderOf(record)
      },
    })
    topic.put({ key: "a", value: "1" }, { key: "a", value: "no" })
    await drained(topic)
    expect([asked, statesOf(bed, "a"), ingress.counts.leftOut]).toEqual([4, ["1 1"], 1])
  })

  it("writes rows of tables and takes them away, and sends broadcasts on", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 })
    raw.send({ type: "subscribe", id: 1, channel: "cursor/a" })
    await bed.clock.settle()
    bed.server.ingress({
      name: "stock",
      from: topic,
      publish({ key = "", text, json }) {
        if (key === "cursor") return { channel: "cursor/a", name: "move", data: json() }
        return { channel: "stock", row: key, value: text() === "" ? undefined : json() }
      },
    })
    topic.put({ key: "nut", value: '{"count":1}' }, { key: "nut", value: '{"count":2}' }, { key: "bolt", value: '{"count":3}' })
    topic.put({ key: "bolt", value: "" }, { key: "never", value: "" }, { key: "cursor", value: "5" })
    await drained(topic)
    expect(bed.server.channel("stock").get("nut")?.value).toEqual({ count: 2 })
    expect(bed.server.channel("stock").get("bolt")).toBeUndefined()
    expect(raw.of("message")).toMatchObject([{ channel: "cursor/a", data: 5 }])
  })

  it("publishes what has no id where it may, once for each time that it comes", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const ingress = bed.server.ingress({ name: "orders", from: topic, withoutId: "publish", publish: orderOf })
    topic.put({ key: "a", value: "1", id: undefined })
    await drained(topic)
    expect([statesOf(bed, "a"), ingress.counts.published]).toEqual([["1 1"], 1])
  })

  it("says what the neighbour let go of before it was published", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const ingress = bed.server.ingress({ name: "orders", from: topic, publish: orderOf })
    await bed.clock.settle()
    topic.cut(true)
    for (let state = 1; state <= 5; state++) topic.put({ key: "a", value: `${state}` })
    topic.forget(3)
    topic.cut(false)
    await drained(topic)
    expect([statesOf(bed, "a"), ingress.counts.missing]).toEqual([["1 4", "2 5"], 3])
    expect(bed.env.lines.filter(({ event }) => event === "ingress.missing")).toMatchObject([{ fields: { ingress: "orders", records: 3 } }])
  })

  it("[G12] ends with its close, and a new one of its name goes on behind what was settled", async () => {
    bed = await startNeighbours()
    const topic = memoryTopic()
    const options = { name: "orders", from: topic, publish: orderOf }
    const first = bed.server.ingress(options)
    topic.put({ key: "a", value: "1" })
    await drained(topic)
    expect(() => bed.server.ingress(options)).toThrowError(
      expect.objectContaining({ code: "INVALID_OPTIONS", details: { option: "name" } }),
    )
    await first.close()
    topic.put({ key: "a", value: "2" })
    await bed.clock.advance(10_000)
    expect([first.state, statesOf(bed, "a")]).toEqual(["closed", ["1 1"]])
    bed.server.ingress(options)
    await drained(topic)
    expect(statesOf(bed, "a")).toEqual(numbered(2))
  })

  it.each([
    ["name", { name: "a b" }],
    ["from", { from: {} }],
    ["publish", { publish: 1 }],
    ["deadLetters", { deadLetters: {} }],
    ["withoutId", { withoutId: "drop" }],
  ])("refuses %s where it is none", async (option, wrong) => {
    bed = await startNeighbours()
    const options = { name: "orders", from: memoryTopic(), publish: orderOf, ...wrong } as Parameters<NeighboursBed["server"]["ingress"]>[0]
    expect(() => bed.server.ingress(options)).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
  })
})
