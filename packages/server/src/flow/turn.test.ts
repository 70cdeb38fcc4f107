import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { type ChannelGatherer, createTurn } from "./turn.ts"

const SLICE_MS = 5
/** What one write takes here. */
const WRITE_MS = 0.01

/** A turn whose work takes time on its clock, and what was done in each slice of it. */
function setUp() {
  const clock = fakeClock()
  const turn = createTurn(clock, SLICE_MS)
  const slices: string[][] = [[]]
  const work = (what: string): void => {
    clock.sleep(WRITE_MS)
    slices.at(-1)?.push(what)
  }
  const connection = (name: string) => ({ flush: () => work(name) })
  /** A channel that has something for so many receivers; `then` is called when all have it. */
  const channel = (name: string, receivers: number, then: () => void = () => {}): ChannelGatherer => ({
    give(count) {
      const given = Math.min(count, receivers)
      for (let index = 0; index < given; index++) work(name)
      receivers -= given
      if (given > 0 && receivers === 0) then()
      return given
    },
  })
  /** Runs until nothing is left, and notes where each turn of the event loop ended. */
  async function run(): Promise<readonly string[][]> {
    const look = (): void => {
      if (slices.at(-1)?.length === 0) return
      slices.push([])
      clock.defer(look)
    }
    clock.defer(look)
    await clock.settle()
    return slices.filter((slice) => slice.length > 0)
  }
  return { clock, turn, connection, channel, run, slices }
}

const count = (slice: readonly string[] | undefined, what: string): number => slice?.filter((name) => name === what).length ?? 0
const IN_A_SLICE = SLICE_MS / WRITE_MS
const MANY = 10 * IN_A_SLICE

describe("the end of a turn", () => {
  it("[F83] lets the event loop go on after a slice of time, and goes on itself in the next turns until all is sent", async () => {
    const { turn, channel, run } = setUp()
    turn.channel(channel("hot", MANY))
    const slices = await run()
    for (const slice of slices) expect(slice.length * WRITE_MS).toBeLessThanOrEqual(SLICE_MS * 1.1)
    expect(slices.flat()).toHaveLength(MANY)
    expect(slices.length).toBeLessThanOrEqual(11)
  })

  it("[F83] lets channels come by turns, so that one with many subscribers holds nobody up, nor one that never ends", async () => {
    const { turn, channel, run } = setUp()
    let rounds = 0
    const endless = (): ChannelGatherer => channel("endless", MANY, () => ++rounds < 3 && turn.channel(endless()))
    turn.channel(endless())
    turn.channel(channel("hot", MANY))
    turn.channel(channel("small", 20))
    const slices = await run()
    expect(count(slices[0], "small")).toBe(20)
    expect(count(slices[0], "hot")).toBeGreaterThan(IN_A_SLICE / 3)
    expect(count(slices.flat(), "endless")).toBe(3 * MANY)
  })

  it("[F83] sends answers ahead of what channels hand out, also those that come between two slices", async () => {
    const { clock, turn, connection, channel, run } = setUp()
    turn.connection(connection("batch"))
    turn.channel(channel("hot", MANY))
    turn.answer(connection("answer"))
    let later = 0
    const ask = (): void => {
      turn.answer(connection("answer"))
      if (++later < 5) clock.defer(ask)
    }
    clock.defer(ask)
    const slices = await run()
    for (const slice of slices.slice(0, 5)) expect(slice[0]).toBe("answer")
    expect(slices[0]?.slice(0, 4)).toEqual(["answer", "batch", "hot", "hot"])
    expect(count(slices.flat(), "answer")).toBe(6)
  })

  it("[F83] keeps half of each slice for the others, however many wait for answers", async () => {
    const { turn, connection, channel, run } = setUp()
    for (let index = 0; index < MANY; index++) turn.answer(connection("answer"))
    turn.channel(channel("hot", MANY))
    const slices = await run()
    expect(count(slices[0], "answer")).toBeGreaterThan(IN_A_SLICE / 3)
    expect(count(slices[0], "hot")).toBeGreaterThan(IN_A_SLICE / 3)
    expect([count(slices.flat(), "answer"), count(slices.flat(), "hot")]).toEqual([MANY, MANY])
  })

  it("writes to connections in slices too, in the order in which they were handed something", async () => {
    const { turn, connection, run } = setUp()
    const names = Array.from({ length: MANY }, (_, index) => `${index}`)
    for (const name of names) turn.connection(connection(name))
    const slices = await run()
    for (const slice of slices) expect(slice.length * WRITE_MS).toBeLessThanOrEqual(SLICE_MS * 1.1)
    expect(slices.flat()).toEqual(names)
  })

  it("hands one channel's messages out at once for one slice, where it has gathered too much", () => {
    const { turn, channel, slices } = setUp()
    turn.rush(channel("hot", MANY))
    expect(slices.flat().length).toBeGreaterThan(IN_A_SLICE * 0.9)
    expect(slices.flat().length).toBeLessThan(IN_A_SLICE * 1.1)
    const few = setUp()
    few.turn.rush(few.channel("small", 20))
    expect(few.slices.flat()).toHaveLength(20)
  })

  it("[G12] leaves nothing behind when all is sent", async () => {
    const { clock, turn, channel, connection, run } = setUp()
    turn.channel(channel("small", 20))
    turn.connection(connection("batch"))
    await run()
    let deferred = 0
    const { defer } = clock
    clock.defer = (task) => {
      deferred++
      defer(task)
    }
    await clock.advance(1_000)
    expect([deferred, clock.pendingTimers]).toEqual([0, 0])
  })
})
