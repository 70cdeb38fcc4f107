import type { DurableLog } from "@magpie/journal"
import type { Clock } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import type { Reader } from "../channel/catch-up.ts"
import { createLiveTables } from "./live-tables.ts"

/** A clock whose timers fire a little before their time, as those of a process may. */
function earlyClock() {
  let now = 1_000.7
  let timer: { readonly at: number; readonly fire: () => void } | undefined
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    setTimer(delayMs, fire) {
      timer = { at: now + delayMs, fire }
      return { cancel: () => {} }
    },
    defer: (task) => task(),
  }
  return {
    clock,
    /** Goes on to the next timer. */
    next(): number {
      const its = timer
      timer = undefined
      now = (its?.at ?? now) - 0.6
      its?.fire()
      return now
    },
  }
}

describe("a class of rates", () => {
  it("has one update for each of its moments, also where a timer fires before its time", () => {
    const { clock, next } = earlyClock()
    const woken: Reader[] = []
    const catchUp = { add: (reader: Reader) => void woken.push(reader), remove: () => {} }
    const tables = createLiveTables({ clock, log: {} as DurableLog, catchUp })
    const follower = { pace: { periodMs: 500, dueAt: 0 }, readPage: () => false }
    tables.of("quotes").join(follower)
    const moments = Array.from({ length: 6 }, () => {
      tables.written("quotes")
      tables.written("quotes")
      return Math.round(next())
    })
    expect(moments).toEqual([1_499, 1_999, 2_499, 2_999, 3_499, 3_999])
    expect(woken).toHaveLength(6)
  })
})
