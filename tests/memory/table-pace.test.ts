import { type Table, type TableRate, table } from "@magpie/client/table"
import { contract, json, table as tableKind } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"

type Quote = { readonly bid: number; readonly note: string }
const app = contract({ quotes: tableKind({ key: json<string>(), value: json<Quote>() }) })
const start = () => createTestBed(app, { auth: anonymous(), rules: { quotes: { authorize: () => true } } })
type Quotes = Table<(typeof app)["channels"]["quotes"]>

let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

const NAMES = Array.from({ length: 20 }, (_, index) => `k${index}`)
const ADDRESS = "10.0.0.9"

/** Writes every row all 50 ms for so long. Returns how many writes that were. */
async function market(ms: number, each: () => void = () => {}): Promise<number> {
  const server = bed.server.channel("quotes")
  for (let bid = 0; bid < ms / 50; bid++) {
    const written = NAMES.map((name) => server.set(name, { bid, note: "a note" }))
    await bed.clock.advance(50)
    await Promise.all(written)
    each()
  }
  return NAMES.length * Math.ceil(ms / 50)
}

function follow(options: object): { readonly quotes: Quotes; readonly rates: TableRate[]; updates(): number } {
  const quotes = table(bed.connect({ address: ADDRESS }).channel("quotes"), options)
  const rates: TableRate[] = []
  let updates = 0
  quotes.on("rate", (rate) => rates.push(rate))
  quotes.on("change", () => updates++)
  return { quotes, rates, updates: () => updates }
}

const isLive = (quotes: Quotes) => bed.clock.until(() => quotes.state.state === "live")

describe("the rate of a table", () => {
  it("is said by the server, as it rounds it", async () => {
    bed = await start()
    const { quotes, rates } = follow({ rate: 9 })
    await isLive(quotes)
    expect(quotes.rate).toEqual({ rate: 5, slowedBy: undefined })
    quotes.setRate(undefined)
    await bed.clock.until(() => rates.length === 2)
    expect(rates.map(({ rate }) => rate)).toEqual([5, undefined])
  })

  it("[G6] [G7] falls to what the bytes allow, says so, and rises when they may be more", async () => {
    bed = await start()
    const { quotes, rates, updates } = follow({ rate: 10, maxBytesPerSecond: 2_500 })
    await isLive(quotes)
    let writes = await market(1_000)
    const before = updates()
    writes += await market(20_000)
    // An update of 20 rows is about 1,900 bytes, so there is one in a second, and in one class of rates no more.
    expect(updates() - before).toBeGreaterThan(5)
    expect(updates() - before).toBeLessThan(25)
    expect(quotes.rate).toEqual({ rate: 1, slowedBy: "bytes" })
    await bed.clock.advance(2_000)
    expect([...quotes.rows.values()].every(({ value }) => value.bid === 399)).toBe(true)
    const told = updates() * NAMES.length
    expect(told + quotes.skipped).toBe(writes)
    quotes.setMaxBytesPerSecond(undefined)
    await bed.clock.until(() => rates.at(-1)?.slowedBy === undefined)
    const slow = updates()
    await market(2_000)
    expect(updates() - slow).toBeGreaterThan(15)
    expect(rates.at(-1)).toEqual({ rate: 10, slowedBy: undefined })
  })

  it("[G6] [G7] falls with a link that does not take updates in time, says so, and rises when it does again", async () => {
    bed = await start()
    const { quotes, rates, updates } = follow({ rate: 20 })
    await isLive(quotes)
    let writes = await market(1_000)
    expect(rates).toEqual([{ rate: 20, slowedBy: undefined }])
    bed.network.stallReaders(true, ADDRESS)
    writes += await market(3_000, () => expect(bed.server.counters.queuedBytes).toBeLessThan(20_000))
    bed.network.stallReaders(false, ADDRESS)
    writes += await market(500)
    expect(rates.at(-1)?.slowedBy).toBe("link")
    expect(rates.at(-1)?.rate).toBeLessThan(20)
    writes += await market(30_000)
    expect(rates.at(-1)).toEqual({ rate: 20, slowedBy: undefined })
    const before = updates()
    writes += await market(1_000)
    expect(updates() - before).toBeGreaterThan(15)
    await bed.clock.advance(1_000)
    expect(updates() * NAMES.length + quotes.skipped).toBe(writes)
    expect([...quotes.rows.values()].every(({ value }) => value.bid === 19)).toBe(true)
  })

  it("[G11] is bounded by whole bytes only", async () => {
    bed = await start()
    const channel = bed.connect().channel("quotes")
    for (const maxBytesPerSecond of [0, -1, 1.5, Number.NaN])
      expect(() => table(channel, { maxBytesPerSecond })).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
  })
})
