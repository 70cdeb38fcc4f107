import { DEFAULT_LIMITS } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createCounters } from "../metrics/counters.ts"
import { type MemoryState, Overload } from "./overload.ts"
import { createTimingWheel } from "./timing-wheel.ts"

const { shedPresenceLagMs, shedBroadcastsLagMs, shedConnectionsLagMs, shedHistoryLagMs, memorySoftPercent, memoryHardPercent } =
  DEFAULT_LIMITS

function setUp(limits: Partial<typeof DEFAULT_LIMITS> = {}) {
  const clock = fakeClock()
  const wheel = createTimingWheel(clock)
  const counters = createCounters()
  const load = { lag: 0, memory: 10, rests: 0, used: true, again: [] as string[] }
  /** Samples that come before `load.lag`. */
  const lags: number[] = []
  const memory: MemoryState[] = []
  const lines: { readonly event: string; readonly fields: unknown }[] = []
  const overload = new Overload({
    wheel,
    counters,
    limits: { ...DEFAULT_LIMITS, ...limits },
    meter: { lagMs: () => lags.shift() ?? load.lag, memoryPercent: () => load.memory, rest: () => void load.rests++ },
    log: (_level, event, fields) => void lines.push({ event, fields }),
    inUse: () => load.used,
    onAgain: (what) => void load.again.push(what),
    onMemory: (state) => void memory.push(state),
  })
  overload.wake()
  const sheds = (): string =>
    (["presence", "broadcasts", "connections", "history"] as const).filter((what) => overload.sheds(what)).join(" ")
  return { clock, overload, counters, load, lags, memory, lines, sheds }
}

describe("shedding", () => {
  it("[F80] begins in its order as the event loop lags more: presence, broadcasts, connections, history", async () => {
    const { clock, load, sheds, counters, lines } = setUp()
    const seen: string[] = []
    for (const lag of [shedPresenceLagMs - 1, shedPresenceLagMs, shedBroadcastsLagMs, shedConnectionsLagMs, shedHistoryLagMs]) {
      load.lag = lag
      await clock.advance(3_000)
      seen.push(sheds())
    }
    expect(seen).toEqual([
      "",
      "presence",
      "presence broadcasts",
      "presence broadcasts connections",
      "presence broadcasts connections history",
    ])
    expect(counters.snapshot()).toEqual({
      "shedding{presence}": 1,
      "shedding{broadcasts}": 1,
      "shedding{connections}": 1,
      "shedding{history}": 1,
    })
    expect(lines.map(({ event, fields }) => [event, (fields as { sheds: string[] }).sheds.length])).toEqual([
      ["shedding", 1],
      ["shedding", 2],
      ["shedding", 3],
      ["shedding", 4],
    ])
  })

  it("[F80] does not begin because of one long turn", async () => {
    const { clock, lags, counters } = setUp()
    for (let round = 0; round < 10; round++) lags.push(5_000, 0)
    await clock.until(() => lags.length === 0)
    expect(counters.snapshot()).toEqual({})
    lags.push(5_000, 5_000)
    await clock.until(() => lags.length === 0)
    expect(Object.keys(counters.snapshot())).toHaveLength(4)
  })

  it("[F80] ends step by step, each after two seconds below half of its threshold, and stays where the lag only wavers", async () => {
    const { clock, load, sheds } = setUp()
    load.lag = shedHistoryLagMs
    await clock.advance(2_000)
    for (let round = 0; round < 20; round++) {
      load.lag = round % 2 === 0 ? shedHistoryLagMs * 0.4 : shedHistoryLagMs * 0.6
      await clock.advance(1_000)
      expect(sheds()).toBe("presence broadcasts connections history")
    }
    load.lag = 0
    const steps = new Map<string, number>()
    for (let ms = 0; ms < 15_000; ms += 250) {
      await clock.advance(250)
      if (!steps.has(sheds())) steps.set(sheds(), ms)
    }
    expect([...steps.keys()]).toEqual([
      "presence broadcasts connections history",
      "presence broadcasts connections",
      "presence broadcasts",
      "presence",
      "",
    ])
    const times = [...steps.values()]
    for (let index = 1; index < times.length; index++) expect((times[index] ?? 0) - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(2_000)
    expect(load.again).toEqual(["history", "connections", "broadcasts", "presence"])
  })

  it("[F80] keeps its order where a later threshold is set below an earlier one", async () => {
    const { clock, load, sheds } = setUp({ shedConnectionsLagMs: shedPresenceLagMs - 1 })
    load.lag = shedPresenceLagMs - 1
    await clock.advance(3_000)
    expect(sheds()).toBe("presence broadcasts connections")
    load.lag = 0
    await clock.advance(30_000)
    expect(sheds()).toBe("")
  })

  it("[G12] rests when nobody is connected and nothing is wrong, and looks again when somebody comes", async () => {
    const { clock, overload, load } = setUp()
    load.used = false
    await clock.advance(2_000)
    expect([clock.pendingTimers, load.rests]).toEqual([0, 1])
    load.used = true
    overload.wake()
    load.lag = shedConnectionsLagMs
    await clock.advance(3_000)
    load.used = false
    expect([overload.sheds("connections"), clock.pendingTimers]).toEqual([true, 1])
    load.lag = 0
    await clock.advance(15_000)
    expect([overload.sheds("broadcasts"), clock.pendingTimers, load.rests]).toEqual([false, 0, 2])
  })
})

describe("memory", () => {
  it("[F81] is scarce from the soft limit on, and free again well below it", async () => {
    const { clock, overload, load, memory, counters } = setUp()
    const states: string[] = []
    for (const percent of [memorySoftPercent - 1, memorySoftPercent, memorySoftPercent - 1, memorySoftPercent - 5.5]) {
      load.memory = percent
      await clock.advance(2_000)
      states.push(overload.memory)
    }
    expect(states).toEqual(["free", "scarce", "scarce", "free"])
    expect(memory).toEqual(["scarce", "free"])
    expect(counters.snapshot()).toEqual({ "memory{scarce}": 1, "memory{free}": 1 })
  })

  it("[F81] is exhausted when two samples say so, once and for good", async () => {
    const { clock, load, memory, overload } = setUp()
    load.memory = memoryHardPercent
    await clock.advance(1_000)
    load.memory = 10
    await clock.advance(1_000)
    expect(memory).toEqual(["scarce", "free"])
    load.memory = memoryHardPercent
    await clock.advance(3_000)
    load.memory = 10
    await clock.advance(3_000)
    expect([memory, overload.memory]).toEqual([["scarce", "free", "scarce", "exhausted"], "exhausted"])
  })
})
