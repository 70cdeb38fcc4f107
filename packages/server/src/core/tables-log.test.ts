import { type BrokerAdapter, memoryStorage } from "@magpie/journal"
import { contract, json, type MagpieError, table } from "@magpie/protocol"
import { createTestBed, type Reply } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { anonymous } from "../access/identity.ts"
import { createServer } from "../node/create-server.ts"

const key = json<string>()
const value = json<{ readonly bid: number; readonly note?: string }>()
const app = contract({
  kept: table({ key, value }),
  quick: table({ key, value, durability: "memory" }),
})
const open = { authorize: () => true }
const DISK_MS = 200

const start = (storage = memoryStorage({ level: "disk" }), limits = {}) =>
  createTestBed(app, { limits, auth: anonymous(), rules: { kept: open, quick: open }, storage })
let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed?.close()
  expect(bed?.clock.pendingTimers ?? 0).toBe(0)
})

const write = (id: number, channel: string) => ({
  ...{ type: "publish", id, channel, name: "$row", sequence: 1 },
  data: { action: "set", key: "a", data: { bid: 1 } },
})

describe("a table in memory", () => {
  it("acknowledges at once and says what that means, while the disk is busy with others", async () => {
    bed = await start()
    const disk = memoryStorage({ level: "disk", env: bed.env, commitDelayMs: DISK_MS })
    bed.kill()
    await bed.start(disk)
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" }, write(1, "kept"), write(2, "quick"))
    await bed.clock.until(() => raw.reply(2) !== undefined)
    expect(raw.reply(2)).toMatchObject({ type: "published", level: "memory", position: { offset: 1 } })
    expect(raw.reply(1)).toBeUndefined()
    await bed.clock.until(() => raw.reply(1) !== undefined)
    expect(raw.reply(1)).toMatchObject({ type: "published", level: "disk" })
    const merged = bed.server.channel("quick").merge("a", { bid: 2 })
    await bed.clock.settle()
    expect(await merged).toMatchObject({ level: "memory" })
    expect([...disk.range({ from: "", to: "\u{10ffff}" })].some(({ key: row }) => row.includes("quick"))).toBe(false)
  })

  it("[G4] is empty after a restart, and its subscribers are given it anew, while those of others go on", async () => {
    const disk = memoryStorage({ level: "disk" })
    bed = await start(disk)
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" }, write(1, "kept"), write(2, "quick"))
    raw.send({ type: "subscribe", id: 3, channel: "kept" }, { type: "subscribe", id: 4, channel: "quick" })
    await bed.clock.until(() => raw.of("rows").length === 2)
    const positions = Object.fromEntries(raw.of("rows").map(({ channel, position }) => [channel, position]))
    bed.kill()
    await bed.start(disk.crash())
    const again = bed.raw()
    again.send({ type: "hello", version: 1 })
    for (const [index, channel] of ["kept", "quick"].entries())
      again.send({ type: "subscribe", id: index, channel, position: positions[channel] })
    await bed.clock.until(() => again.of("rows").length === 1)
    expect(again.reply(0)).toMatchObject({ answer: "recovered" })
    expect(again.reply(1)).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
    expect(again.of("rows")[0]).toMatchObject({ channel: "quick", reset: true, rows: [] })
  })

  it("[G2] stores what is sent again once, and remembers that for minutes, as long as that costs little memory", async () => {
    bed = await start()
    let welcome: Reply | undefined
    const again = async () => {
      const raw = bed.raw()
      raw.send({ type: "hello", version: 1, producer: welcome?.producer, session: welcome?.session }, write(1, "kept"), write(2, "quick"))
      await bed.clock.until(() => raw.reply(1) !== undefined && raw.reply(2) !== undefined)
      welcome = raw.of("welcome")[0]
      raw.close()
      return [raw.reply(1), raw.reply(2)]
    }
    const stored = { type: "published", position: { offset: 1 } }
    const duplicate = { ...stored, duplicate: true }
    expect(await again()).toMatchObject([stored, stored])
    await bed.clock.advance(9 * 60_000)
    expect(await again()).toMatchObject([duplicate, duplicate])
    await bed.clock.advance(3 * 60_000)
    expect(await again()).toMatchObject([duplicate, { type: "error", code: "EXPIRED" }])
  })

  it("[G11] takes so many bytes with all others in memory; then rows can only leave, until there is room", async () => {
    bed = await start(undefined, { memoryTableBytes: 16_384 })
    const [quick, kept] = [bed.server.channel("quick"), bed.server.channel("kept")]
    const row = { bid: 1, note: "x".repeat(4_000) }
    async function codeOf(pending: Promise<unknown>): Promise<string | undefined> {
      const outcome = pending.then(
        () => undefined,
        (failure: MagpieError) => failure.code,
      )
      await bed.clock.settle()
      return outcome
    }
    const codes: (string | undefined)[] = []
    for (const name of ["a", "b", "c", "d", "e"]) codes.push(await codeOf(quick.set(name, row)))
    expect(codes).toEqual([undefined, undefined, undefined, undefined, "UNAVAILABLE"])
    expect(await codeOf(quick.merge("a", { bid: 2 }))).toBe("UNAVAILABLE")
    expect(await codeOf(kept.set("a", row))).toBeUndefined()
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1, producer: "p" }, write(1, "quick"))
    await bed.clock.until(() => raw.reply(1) !== undefined)
    expect(raw.reply(1)).toMatchObject({ type: "error", code: "UNAVAILABLE", retryable: true })
    expect(await codeOf(quick.delete("a"))).toBeUndefined()
    raw.send({ ...write(1, "quick"), id: 2 })
    await bed.clock.until(() => raw.reply(2) !== undefined)
    expect(raw.reply(2)).toMatchObject({ type: "published" })
  })

  it("is refused where several servers share a log", () => {
    // Refused before anything of it is asked.
    expect(() => createServer(app, { auth: anonymous(), journal: {} as BrokerAdapter })).toThrowError(
      expect.objectContaining({ code: "INVALID_OPTIONS", details: { option: "journal" } }),
    )
  })
})
