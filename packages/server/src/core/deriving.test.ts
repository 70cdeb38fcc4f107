import { memoryStorage } from "@magpie/journal"
import { contract, table } from "@magpie/protocol"
import { createTestBed } from "@magpie/testing"
import { afterEach, describe, expect, expectTypeOf, it } from "vitest"
import { z } from "zod"
import { anonymous } from "../access/identity.ts"

const key = z.string()
const app = contract({
  ticks: table({ key, value: z.object({ price: z.number() }) }),
  trades: table({ key, value: z.object({ sector: z.string(), amount: z.number() }) }),
  candles: table({ key, value: z.object({ open: z.number(), high: z.number(), low: z.number(), close: z.number() }) }),
  sums: table({ key, value: z.object({ amount: z.number().max(1_000), count: z.number() }) }),
  totals: table({ key, value: z.number(), durability: "memory" }),
  "room/:id": table({ key, value: z.number() }),
})
const open = { authorize: () => true }
const MINUTE_MS = 60_000

const start = (storage = memoryStorage()) =>
  createTestBed(app, {
    auth: anonymous(),
    storage,
    rules: { ticks: open, trades: open, candles: open, sums: open, totals: open, "room/:id": open },
  })
let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

/** Awaits what needs the clock's turns, and what follows at once. */
async function done<T>(pending: Promise<T>): Promise<T> {
  try {
    return await bed.clock.done(pending)
  } finally {
    await bed.clock.settle()
  }
}

/** A candle for each key and minute. */
function deriveCandles(restart: "anew" | "keep"): () => void {
  return bed.server.derive("candles", {
    from: ["ticks"],
    restart,
    step(change, row) {
      expectTypeOf(change.value).toEqualTypeOf<{ price: number } | undefined>()
      if (change.value === undefined) return []
      const { price } = change.value
      const minute = `${change.key}/${Math.floor(change.at / MINUTE_MS)}`
      const candle = row(minute) ?? { open: price, high: price, low: price, close: price }
      return [[minute, { ...candle, high: Math.max(candle.high, price), low: Math.min(candle.low, price), close: price }]]
    },
  })
}

/** What there is in each sector, kept by what a write changes. */
function deriveSums(): () => void {
  return bed.server.derive("sums", {
    from: ["trades"],
    step({ value, before }, row) {
      const sums = new Map<string, { amount: number; count: number }>()
      const add = (sector: string, amount: number, count: number) => {
        const sum = sums.get(sector) ?? row(sector) ?? { amount: 0, count: 0 }
        sums.set(sector, { amount: sum.amount + amount, count: sum.count + count })
      }
      if (before) add(before.sector, -before.amount, -1)
      if (value) add(value.sector, value.amount, 1)
      return [...sums].map(([sector, sum]) => [sector, sum.count === 0 ? undefined : sum] as const)
    },
  })
}

function rowsOf(name: "candles" | "sums", keys: readonly string[]): readonly unknown[] {
  const its = name === "candles" ? bed.server.channel("candles") : bed.server.channel("sums")
  return keys.map((each) => its.get(each)?.value)
}

describe("a table that is derived from others", () => {
  it("sees each write, also those of one turn, and of what was written before it began the newest", async () => {
    bed = await start()
    const ticks = bed.server.channel("ticks")
    await done(Promise.all([4, 7, 5].map((price) => ticks.set("old", { price }))))
    deriveCandles("anew")
    await bed.clock.settle()
    await done(Promise.all([10, 12, 8, 11].map((price) => ticks.set("new", { price }))))
    const minute = Math.floor(bed.clock.now() / MINUTE_MS)
    expect(rowsOf("candles", [`old/${minute}`, `new/${minute}`])).toEqual([
      { open: 5, high: 5, low: 5, close: 5 },
      { open: 10, high: 12, low: 8, close: 11 },
    ])
  })

  it("is kept by what changes: rows that are added, moved and taken away", async () => {
    bed = await start()
    deriveSums()
    const trades = bed.server.channel("trades")
    await done(Promise.all(["a", "b", "c"].map((name, index) => trades.set(name, { sector: "tech", amount: index + 1 }))))
    expect(rowsOf("sums", ["tech", "food"])).toEqual([{ amount: 6, count: 3 }, undefined])
    await done(trades.merge("a", { sector: "food" }))
    await done(trades.delete("b"))
    expect(rowsOf("sums", ["tech", "food"])).toEqual([
      { amount: 3, count: 1 },
      { amount: 1, count: 1 },
    ])
    await done(trades.delete("c"))
    expect(rowsOf("sums", ["tech", "food"])).toEqual([undefined, { amount: 1, count: 1 }])
  })

  it("is made anew after a restart, and what does not come again leaves; or is kept", async () => {
    const disk = memoryStorage()
    bed = await start(disk)
    const trades = bed.server.channel("trades")
    deriveSums()
    const stop = deriveCandles("keep")
    await done(trades.set("a", { sector: "tech", amount: 1 }))
    for (const price of [5, 9, 6]) await done(bed.server.channel("ticks").set("x", { price }))
    stop()
    const minute = Math.floor(bed.clock.now() / MINUTE_MS)
    bed.kill()
    const copy = disk.crash()
    await bed.start(copy)
    await done(bed.server.channel("trades").set("a", { sector: "food", amount: 2 }))
    await done(bed.server.channel("trades").set("b", { sector: "food", amount: 3 }))
    const version = bed.server.channel("candles").get(`x/${minute}`)?.version
    deriveSums()
    deriveCandles("keep")
    await bed.clock.settle()
    expect(rowsOf("sums", ["tech", "food"])).toEqual([undefined, { amount: 5, count: 2 }])
    expect(rowsOf("candles", [`x/${minute}`])).toEqual([{ open: 5, high: 9, low: 5, close: 6 }])
    // What comes out the same is not written again.
    expect(bed.server.channel("candles").get(`x/${minute}`)?.version).toBe(version)
  })

  it("may be the source of the next, in memory too, and stops when it is told to", async () => {
    bed = await start()
    deriveSums()
    const stop = bed.server.derive("totals", {
      from: ["sums", "ticks"],
      step: ({ from, value, before }, row) =>
        from === "ticks" ? [] : [["all", (row("all") ?? 0) + (value?.count ?? 0) - (before?.count ?? 0)]],
    })
    const trades = bed.server.channel("trades")
    await done(Promise.all(["a", "b", "c"].map((name) => trades.set(name, { sector: name, amount: 1 }))))
    await bed.clock.settle()
    expect(bed.server.channel("totals").get("all")?.value).toBe(3)
    stop()
    await done(trades.set("d", { sector: "d", amount: 1 }))
    await bed.clock.settle()
    expect(bed.server.channel("totals").get("all")?.value).toBe(3)
  })

  it("goes on where a step throws or a row is refused", async () => {
    bed = await start()
    deriveSums()
    const trades = bed.server.channel("trades")
    await done(trades.set("big", { sector: "tech", amount: 5_000 }))
    await done(trades.set("small", { sector: "food", amount: 1 }))
    await bed.clock.settle()
    expect(rowsOf("sums", ["tech", "food"])).toEqual([undefined, { amount: 1, count: 1 }])
    await done(trades.set("big", { sector: "tech", amount: 7 }))
    await bed.clock.settle()
    expect(rowsOf("sums", ["tech"])).toEqual([{ amount: 7, count: 1 }])
    let broken = 0
    bed.server.derive("totals", {
      from: ["trades"],
      step({ key: name, value }) {
        if (name === "big") throw new Error(`broken ${broken++}`)
        return [[name, value?.amount]]
      },
    })
    await bed.clock.settle()
    expect([broken, bed.server.channel("totals").get("small")?.value]).toEqual([1, 1])
  })

  it("changes nothing by a step that throws, whatever rows it gave before", async () => {
    bed = await start()
    const seen: unknown[] = []
    bed.server.derive("totals", {
      from: ["trades"],
      *step({ key: name, value }, row) {
        yield [name, value?.amount]
        seen.push(row(name))
        yield ["newest", value?.amount]
        if (name === "bad") throw new Error("broken")
      },
    })
    await bed.clock.settle()
    for (const [name, amount] of [
      ["good", 1],
      ["bad", 2],
    ] as const)
      await done(bed.server.channel("trades").set(name, { sector: "tech", amount }))
    const totals = bed.server.channel("totals")
    expect(["good", "bad", "newest"].map((name) => totals.get(name)?.value)).toEqual([1, undefined, 1])
    // What it is told of a key is what all steps before left there.
    expect(seen).toEqual([undefined, undefined])
  })

  it("writes what a full disk refused when there is room again", async () => {
    const disk = memoryStorage()
    bed = await start(disk)
    let isFull = false
    bed.server.derive("sums", {
      from: ["trades"],
      step({ key: name, value }) {
        // The next commit is that of what this step gives.
        if (isFull) disk.failNextCommit("unavailable")
        isFull = false
        return [[name, value && { amount: value.amount, count: 1 }]]
      },
    })
    await bed.clock.settle()
    isFull = true
    await done(bed.server.channel("trades").set("a", { sector: "tech", amount: 4 }))
    expect([isFull, ...rowsOf("sums", ["a"])]).toEqual([false, undefined])
    await bed.clock.advance(1_000)
    expect(rowsOf("sums", ["a"])).toEqual([{ amount: 4, count: 1 }])
  })

  it("is refused where it is no table, is derived already, or from itself", async () => {
    bed = await start()
    const step = () => []
    const derive = bed.server.derive as (to: string, options: object) => () => void
    derive("sums", { from: ["trades"], step })
    derive("totals", { from: ["sums"], step })
    for (const [to, from] of [
      ["nothing", ["trades"]],
      ["room/:id", ["trades"]],
      ["candles", []],
      ["sums", ["ticks"]],
      ["candles", ["candles"]],
      ["trades", ["totals"]],
    ] as const)
      expect(() => derive(to, { from, step })).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS" }))
  })
})
