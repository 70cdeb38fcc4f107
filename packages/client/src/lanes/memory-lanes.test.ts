import { describe, expect, test } from "vitest"
import type { Lane, Lanes } from "./lanes.ts"
import { LANES_CONFORMANCE } from "./lanes-conformance.fixture.ts"
import { memoryLanes } from "./memory-lanes.ts"

function inMemory(): (name: string) => Lanes {
  const names = new Map<string, Lanes>()
  return (name) => {
    const lanes = names.get(name) ?? memoryLanes()
    names.set(name, lanes)
    return lanes
  }
}

test.each(LANES_CONFORMANCE)("memory $rule", async ({ check }) => {
  await check(inMemory(), "place")
})

/** Places that break one rule each. */
const SABOTEURS: Readonly<Record<string, (lane: Lane, lanes: Lanes, number: number) => Partial<Lane>>> = {
  "that forgets what it deletes": (lane) => ({
    write: (changes) => lane.write(new Map([...changes].filter(([, value]) => value !== undefined))),
  }),
  "that loses texts beyond ASCII": (lane) => ({
    write: (changes) => lane.write(new Map(JSON.parse(JSON.stringify([...changes]).replace(/[^ -~]/g, "?")))),
  }),
  "that closes before its writes are done": (lane) => ({
    write: async (changes) => {
      await new Promise((resolve) => setImmediate(resolve))
      await lane.write(changes)
    },
  }),
  "that lets everybody in": (lane) => {
    void lane.close()
    return {}
  },
}

describe("the suite finds a place", () => {
  test.each(Object.entries(SABOTEURS))("%s", async (_name, sabotage) => {
    const sound = inMemory()
    const lanes = (name: string): Lanes => ({
      list: (keys) => sound(name).list(keys),
      async open(number) {
        const lane = await sound(name).open(number)
        return lane && { ...lane, ...sabotage(lane, sound(name), number) }
      },
    })
    const outcomes = await Promise.allSettled(LANES_CONFORMANCE.map(({ check }, index) => check(lanes, `place-${index}`)))
    expect(outcomes.some(({ status }) => status === "rejected")).toBe(true)
  })

  test("that mixes its lanes", async () => {
    const sound = inMemory()
    const lanes = (name: string): Lanes => ({
      list: (keys) => sound(name).list(keys),
      open: (number) => sound(name).open(number === 1 ? 2 : number),
    })
    const outcomes = await Promise.allSettled(LANES_CONFORMANCE.map(({ check }, index) => check(lanes, `place-${index}`)))
    expect(outcomes.some(({ status }) => status === "rejected")).toBe(true)
  })
})
