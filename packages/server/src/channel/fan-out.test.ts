import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createBatch } from "../flow/batch.ts"
import type { Delivery } from "./delivery.ts"
import { FanOut, type Receiver } from "./fan-out.ts"

/** A delivery that is known by its number. */
function delivery(first: number): Delivery {
  const batch = createBatch(`${first}`, 1)
  const frames = { joined: [batch], single: () => [batch] } as const
  return { ...frames, in: () => frames, publications: [], count: 1, first }
}

/** A receiver, what it was given, and what it should have been given by now. */
interface Guest extends Receiver {
  readonly got: number[]
  readonly owed: number[]
}

function guest(): Guest {
  const got: number[] = []
  return { given: 0, got, owed: [], deliver: ({ first = 0 }) => void got.push(first), onShed: (shed) => void got.push(-shed) }
}

describe("a fan-out", () => {
  it("[F83][G3][G4] gives each receiver everything from its joining to its leaving, in order and once, whatever happens between slices", () => {
    const pick = fc.nat(1_000)
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("push" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("shed" as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("join" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("join-again" as const), pick }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), pick }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("settle" as const), pick }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("begin" as const) }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant("give" as const), count: fc.integer({ min: 1, max: 5 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const fanOut = new FanOut()
        const inside: Guest[] = []
        const outside: Guest[] = []
        let pushed = 0
        const push = (entry: Delivery | number, mark: number): void => {
          fanOut.push(entry)
          for (const one of inside) one.owed.push(mark)
        }
        const join = (one: Guest | undefined): void => {
          if (one === undefined) return
          fanOut.join(one)
          inside.push(one)
        }
        for (const one of steps) {
          if (one.do === "push") push(delivery(++pushed), pushed)
          if (one.do === "shed") push(++pushed, -pushed)
          if (one.do === "join") join(guest())
          if (one.do === "join-again") join(outside.splice(one.pick % (outside.length || 1), 1)[0])
          if (one.do === "begin" && !fanOut.isUnderWay) fanOut.begin()
          if (one.do === "give") expect(fanOut.give(one.count, true)).toBeLessThanOrEqual(one.count)
          if (one.do === "settle" || one.do === "leave") {
            const chosen = inside[one.pick % (inside.length || 1)]
            if (chosen === undefined) continue
            if (one.do === "settle") fanOut.settle(chosen)
            else {
              fanOut.leave(chosen)
              outside.push(...inside.splice(inside.indexOf(chosen), 1))
            }
            expect(chosen.got).toEqual(chosen.owed)
          }
          for (const each of inside) expect(each.got).toEqual(each.owed.slice(0, each.got.length))
          for (const each of inside) expect(fanOut.owes(each)).toBe(each.got.length < each.owed.length)
        }
        do fanOut.give(1_000, true)
        while (fanOut.begin())
        for (const each of [...inside, ...outside]) expect(each.got).toEqual(each.owed)
        expect([fanOut.size, fanOut.isUnderWay]).toEqual([inside.length, false])
      }),
      { numRuns: 200 },
    )
  })

  it("says that a delivery is alone only where nothing else waits with it", () => {
    const fanOut = new FanOut()
    const heard: boolean[] = []
    fanOut.join({ given: 0, deliver: (_delivery, alone) => void heard.push(alone) })
    for (const deliveries of [1, 2]) {
      for (let first = 1; first <= deliveries; first++) fanOut.push(delivery(first))
      fanOut.begin()
      fanOut.give(10, true)
    }
    fanOut.push(delivery(1))
    fanOut.begin()
    fanOut.give(10, false)
    expect(heard).toEqual([true, false, false, false])
  })

  it("counts the bytes that wait for the next round, and none of those that are under way", () => {
    const fanOut = new FanOut()
    fanOut.join(guest())
    fanOut.push(delivery(10))
    expect(fanOut.waitingBytes).toBe(2)
    fanOut.begin()
    expect(fanOut.waitingBytes).toBe(0)
    fanOut.push(delivery(100))
    expect([fanOut.waitingBytes, fanOut.isUnderWay]).toEqual([3, true])
  })
})
