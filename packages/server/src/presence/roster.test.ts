import type { JsonText } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { type Arrival, Roster } from "./roster.ts"

const arrival = (member: string, user?: string, state = "1"): Arrival => ({
  member,
  user,
  at: 1,
  state: state as JsonText,
  bytes: state.length,
})

/** All members, page by page. */
function walk(roster: Roster, length: number): string[] {
  const names: string[] = []
  for (let after: number | undefined = 0; after !== undefined; ) {
    const { page, next }: ReturnType<Roster["page"]> = roster.page(after, length, 1_000_000)
    expect(page.length).toBeLessThanOrEqual(length)
    names.push(...page.map(({ member }) => member))
    after = next
  }
  return names
}

describe("a roster", () => {
  it.each([1, 2, 3])("keeps everybody once, in the order of entering, over 5,000 random comings and goings of seed %i", (seed) => {
    const random = seededRandom(`roster-${seed}`)
    const roster = new Roster()
    const model = new Map<string, string | undefined>()
    for (let round = 0; round < 5_000; round++) {
      const member = `m${random.integer(0, 300)}`
      if (random.float() < 0.55) {
        const user = random.float() < 0.2 ? undefined : `u${member.length}${random.integer(0, 5)}`
        roster.put(arrival(member, model.has(member) ? model.get(member) : user))
        if (!model.has(member)) model.set(member, user)
      } else {
        roster.remove(member)
        model.delete(member)
      }
      if (round % 250 > 0) continue
      expect(walk(roster, random.pick([1, 7, 100]))).toEqual([...model.keys()])
      const users = new Set([...model.values()].filter((user) => user !== undefined))
      expect(roster.counts).toEqual({ members: model.size, users: users.size })
    }
  })

  it("keeps the place and the time of one who changes", () => {
    const roster = new Roster()
    for (const member of ["a", "b", "c"]) roster.put(arrival(member))
    const seat = roster.put({ ...arrival("a", undefined, "22"), at: 99 })
    expect([seat.at, seat.order]).toEqual([1, 1])
    expect(walk(roster, 2)).toEqual(["a", "b", "c"])
    expect(roster.get("a")?.state).toBe("22")
  })

  it("goes on after one who has left meanwhile", () => {
    const roster = new Roster()
    for (let index = 0; index < 10; index++) roster.put(arrival(`m${index}`))
    const { next } = roster.page(0, 4, 1_000)
    for (const gone of ["m3", "m4"]) roster.remove(gone)
    expect(roster.page(next ?? 0, 4, 1_000).page.map(({ member }) => member)).toEqual(["m5", "m6", "m7", "m8"])
  })

  it("gives the first page of a room of 100,000, also when those who were there longest have left", () => {
    const roster = new Roster()
    for (let index = 0; index < 100_000; index++) roster.put(arrival(`m${index}`))
    for (let index = 0; index < 40_000; index++) roster.remove(`m${index}`)
    const { page, next } = roster.page(0, 3, 1_000_000)
    expect(page.map(({ member }) => member)).toEqual(["m40000", "m40001", "m40002"])
    expect(next).toBe(40_003)
  })

  it("looks at one place for each member of a page and one for each gap between them, however many have left", () => {
    const reads = { count: 0 }
    const places = new Proxy([] as never[], {
      get(target, key, receiver) {
        if (typeof key === "string" && /^\d+$/.test(key)) reads.count++
        return Reflect.get(target, key, receiver)
      },
    })
    const roster = new Roster(places)
    for (let index = 0; index < 20_000; index++) roster.put(arrival(`m${index}`))
    // The first one stays, and as many leave as may without the rest closing up: every other one first, so that gaps grow together.
    const leaving = Array.from({ length: 9_998 }, (_, index) => (index < 4_999 ? 2 * index + 1 : 2 * (index - 4_998)))
    for (const index of leaving) roster.remove(`m${index}`)
    reads.count = 0
    expect(roster.page(0, 3, 1_000_000)).toMatchObject({
      page: [{ member: "m0" }, { member: "m9999" }, { member: "m10000" }],
      next: 10_001,
    })
    // Three members, one gap, and the one with whom the page was full.
    expect(reads.count).toBeLessThanOrEqual(5)
    reads.count = 0
    expect(roster.page(5_000, 1, 1_000_000).page).toMatchObject([{ member: "m9999" }])
    expect(reads.count).toBeLessThanOrEqual(3)
  })

  it("begins a page with whoever came next, wherever those before have left", () => {
    const random = seededRandom("roster-cursors")
    const roster = new Roster()
    const left = new Set(Array.from({ length: 600 }, () => random.integer(0, 1_000)))
    for (let index = 0; index < 1_000; index++) roster.put(arrival(`m${index}`))
    for (const index of left) {
      roster.remove(`m${index}`)
      const after = random.integer(0, 1_000)
      const { page } = roster.page(after, 2, 1_000_000)
      const present = Array.from({ length: 1_000 - after }, (_, ahead) => `m${after + ahead}`).filter(
        (member) => roster.get(member) !== undefined,
      )
      expect(page.map(({ member }) => member)).toEqual(present.slice(0, 2))
    }
  })
})
