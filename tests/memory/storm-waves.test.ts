import type { Client } from "@magpie/client"
import { afterEach, describe, expect, it } from "vitest"
import { type App, type ChatBed, closeBed, startChat } from "./chat-bed.ts"

const CROWD = 200
const SEEDS = [1, 2, 3]
const BACKOFF = { initialMs: 500, maxMs: 4_000 }
const OUTAGE_MS = 20_000
/** Of a crowd spread over half a second, chance brings a twentieth into the same ten milliseconds. */
const AT_ONCE_SHARE = 0.08

let bed: ChatBed
afterEach(() => closeBed(bed))

/** A crowd that is online, and what its attempts to connect are from now on, each client's first one aside. */
async function startCrowd(seed: number, handshakesPerSecond: number) {
  bed = await startChat({ seed, limits: { handshakesPerSecond } })
  const clients = Array.from({ length: CROWD }, () => bed.connect({ backoff: BACKOFF }))
  const areBack = (): boolean => clients.every((client) => client.status.state === "online")
  await bed.clock.until(areBack)
  // Long enough that a burst is allowed again, and no failure before counts.
  await bed.clock.advance(30_000)
  const { clock } = bed
  const cutAt = clock.monotonic()
  const retries: number[] = []
  for (const client of clients) watch(client, (attempt) => attempt > 1 && retries.push(clock.monotonic() - cutAt))
  return { clients, retries, areBack }
}

function watch(client: Client<App>, told: (attempt: number) => void): void {
  let attempts = 0
  client.on("status", ({ to }) => to === "connecting" && told(++attempts))
}

/** The most of these moments that lie within so many milliseconds. */
function peakWithin(moments: readonly number[], widthMs: number): number {
  let [from, peak] = [0, 0]
  for (const [index, moment] of moments.entries()) {
    while (moment - (moments[from] ?? moment) >= widthMs) from++
    peak = Math.max(peak, index - from + 1)
  }
  return peak
}

const BUCKET_MS = 50
const SHORTEST_LAG_MS = 200

/**
 * How much the number of moments in each bucket repeats itself after some time, from -1 to 1: the highest autocorrelation over all
 * lags up to a half of the whole, of what differs from the second around. Waves have one of nearly 1, chance has hardly any.
 */
function repetition(moments: readonly number[], durationMs: number): number {
  const counts = new Array<number>(durationMs / BUCKET_MS).fill(0)
  for (const moment of moments) {
    const bucket = Math.floor(moment / BUCKET_MS)
    if (bucket < counts.length) counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  const around = 500 / BUCKET_MS
  const differences = counts.map((count, index) => count - mean(counts.slice(Math.max(0, index - around), index + around + 1)))
  const product = (lag: number): number => differences.slice(lag).reduce((sum, value, index) => sum + value * (differences[index] ?? 0), 0)
  const lags = Array.from({ length: counts.length / 2 - SHORTEST_LAG_MS / BUCKET_MS }, (_, index) => index + SHORTEST_LAG_MS / BUCKET_MS)
  return Math.max(...lags.map(product)) / product(0)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe("a crowd whose links are all cut in one moment", () => {
  it.each(SEEDS)("[I23] [F79] never comes back faster than the server admits, after the first round (seed %i)", async (seed) => {
    const admitted = CROWD / 4
    const { retries, areBack } = await startCrowd(seed, admitted)
    bed.network.reset()
    await bed.clock.settle()
    await bed.clock.until(areBack)
    // What a burst lets in at once is behind it by then.
    expect(retries.length).toBeGreaterThan(admitted)
    expect(peakWithin(retries, 1_000)).toBeLessThanOrEqual(admitted * 1.2)
    expect(peakWithin(retries, 10)).toBeLessThanOrEqual(CROWD * AT_ONCE_SHARE)
  })

  it.each(SEEDS)("[I23] [F79] never falls into step while it finds nobody, and is back within one wait (seed %i)", async (seed) => {
    const { retries, areBack } = await startCrowd(seed, CROWD)
    bed.network.cut(true)
    await bed.clock.advance(OUTAGE_MS)
    expect(retries.length).toBeGreaterThan((CROWD * OUTAGE_MS) / BACKOFF.maxMs)
    expect(peakWithin(retries, 10)).toBeLessThanOrEqual(CROWD * AT_ONCE_SHARE)
    expect(repetition(retries, OUTAGE_MS)).toBeLessThan(0.25)
    bed.network.cut(false)
    await bed.clock.until(areBack, BACKOFF.maxMs)
  })
})
