import { expect, test } from "vitest"
import { fakeClock } from "../fake-clock.ts"
import { seededRandom } from "../seeded-random.ts"
import { createSimulatedLanes } from "./simulated-lanes.ts"

const row = (id: string, sequence?: number) => ({ channel: "chat/a", message: { data: { id } }, ...(sequence && { sequence }) })
const message = (place: number, id: string, sequence?: number) => new Map([[`message/${place}`, row(id, sequence)]])

function placed(seed: string) {
  const clock = fakeClock()
  const lanes = createSimulatedLanes(seededRandom(seed), () => clock.monotonic())
  const open = async (number = 0) => lanes.open(clock).open(number)
  return { clock, lanes, open, kept: () => [...lanes.kept(["chat/a"])] }
}

test("keeps what was confirmed, and of what was under way a run from the first", async () => {
  const outcomes = new Set<number>()
  for (let seed = 0; seed < 30; seed++) {
    const { clock, lanes, open, kept } = placed(`lanes-${seed}`)
    const lane = await open()
    void lane?.write(message(1, "a"))
    await clock.advance(200)
    expect(kept()).toEqual([["a", false]])
    for (const [place, id] of ["b", "c", "d"].entries()) void lane?.write(message(2 + place, id, 7))
    await clock.settle()
    lanes.crash()
    await clock.advance(200)
    expect(["a", "b"].slice(0, kept().length)).toEqual(kept().map(([id]) => id))
    outcomes.add(kept().length)
  }
  expect([...outcomes].sort()).toEqual([1, 2])
})

test("lets one page at a time hold a lane, and knows what is left where none is", async () => {
  const { clock, lanes, open, kept } = placed("held")
  const lane = await open()
  expect(await open()).toBeUndefined()
  void lane?.write(message(1, "a"))
  await clock.advance(200)
  expect(lanes.hasLeftovers).toBe(false)
  lanes.crash()
  expect([lanes.hasLeftovers, lanes.size]).toEqual([true, 1])
  await clock.advance(3_000)
  const next = await open()
  expect([lanes.hasLeftovers, next?.rows.size]).toEqual([false, 1])
  void next?.write(new Map([["message/1", undefined]]))
  await clock.advance(200)
  expect(kept()).toEqual([])
})
