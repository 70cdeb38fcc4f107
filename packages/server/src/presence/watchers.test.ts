import { describe, expect, it } from "vitest"
import type { Delivery } from "../channel/delivery.ts"
import type { FeedWatcher, News } from "./feed.ts"
import { Watchers } from "./watchers.ts"

// Nobody reads what it holds here.
const delivery = {} as Delivery
const newsOf = (version: number): News => ({ delivery, version, isReminder: false })

function setUp(size: number) {
  const watchers = new Watchers()
  const told: [name: number, version: number, alone: boolean][] = []
  const create = (name: number): FeedWatcher => ({
    deliver: ({ version }, alone) => void told.push([name, version, alone]),
    startAnew() {},
  })
  const all = Array.from({ length: size }, (_, name) => create(name))
  for (const watcher of all) watchers.join(watcher)
  return { all, create, told, watchers }
}

describe("watchers of a room", () => {
  it("[F83] are told in slices, each once, in the order in which they came", () => {
    const { told, watchers } = setUp(10)
    watchers.begin([newsOf(1), newsOf(2)])
    const given = [4, 4, 4].map((count) => [watchers.isUnderWay, watchers.give(count, true)])
    expect(given).toEqual([
      [true, 4],
      [true, 4],
      [true, 2],
    ])
    expect([watchers.isUnderWay, watchers.give(4, true)]).toEqual([false, 0])
    expect(told.map(([name, version]) => [name, version])).toEqual(Array.from({ length: 20 }, (_, index) => [index >> 1, (index & 1) + 1]))
  })

  it("may write at once only where nothing else is told", () => {
    const { told, watchers } = setUp(1)
    for (const [news, alone] of [
      [[newsOf(1)], true],
      [[newsOf(2)], false],
      [[newsOf(3), newsOf(4)], true],
    ] as const) {
      watchers.begin(news)
      watchers.give(8, alone)
    }
    expect(told.map(([, version, alone]) => [version, alone])).toEqual([
      [1, true],
      [2, false],
      [3, false],
      [4, false],
    ])
  })

  it("who leave in the middle are told nothing more, and who come are asked as well", () => {
    const { all, create, told, watchers } = setUp(4)
    watchers.begin([newsOf(1)])
    watchers.give(2, true)
    expect([all[0], all[3]].map((watcher) => watcher && watchers.leave(watcher))).toEqual([true, true])
    watchers.join(create(4))
    watchers.give(8, true)
    expect(told.map(([name]) => name)).toEqual([0, 1, 2, 4])
    expect(all[0] && watchers.leave(all[0])).toBe(false)
  })

  it("[G12] hear nothing of a round that was under way when the room closed", () => {
    const { told, watchers } = setUp(4)
    watchers.begin([newsOf(1)])
    watchers.give(1, true)
    watchers.clear()
    expect([watchers.give(8, true), watchers.size, told.length]).toEqual([0, 0, 1])
  })

  it("are not begun with where there are none, or where there is nothing", () => {
    const { watchers } = setUp(1)
    watchers.begin([])
    expect(watchers.isUnderWay).toBe(false)
    watchers.clear()
    watchers.begin([newsOf(1)])
    expect(watchers.isUnderWay).toBe(false)
  })
})
