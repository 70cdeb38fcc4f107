import { seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { ChangeLog } from "./change-log.ts"
import { ChangeSet, type Changes, listsOf } from "./change-set.ts"
import type { Seat } from "./roster.ts"

const seat = (member: string, state: string): Seat => ({ member, at: 0, state: state as never, bytes: 4, order: 1 })

/** What a watcher makes of changes, as a client does. */
function apply(room: Map<string, string>, changes: Changes): void {
  const { joined, updated, left } = listsOf(changes)
  for (const { member, state } of joined) room.set(member, state)
  for (const { member, state } of updated) {
    expect(room.has(member), `${member} is updated`).toBe(true)
    room.set(member, state)
  }
  for (const member of left) room.delete(member)
}

describe("changes", () => {
  it.each([1, 2, 3, 4])("take a watcher from any version that is held to any later one, exactly, in 3,000 steps of seed %i", (seed) => {
    const random = seededRandom(`changes-${seed}`)
    const log = new ChangeLog(20_000)
    const pending = new ChangeSet()
    const room = new Map<string, string>()
    const rooms: Map<string, string>[] = [new Map()]
    for (let step = 0; step < 3_000; step++) {
      const member = `m${random.integer(0, 20)}`
      const state = String(step)
      if (!room.has(member)) {
        pending.joined(seat(member, state))
        room.set(member, state)
      } else if (random.float() < 0.5) {
        pending.updated(seat(member, state))
        room.set(member, state)
      } else {
        pending.left(member)
        room.delete(member)
      }
      if (random.float() < 0.7) continue
      for (const part of pending.take(1_000_000)) log.add(part)
      if (rooms.length <= log.version) rooms.push(new Map(room))
      expect(pending.bytes).toBe(0)
    }
    let held = 0
    for (const [version, earlier] of rooms.entries()) {
      const since = log.since(version)
      if (since === undefined) continue
      held++
      const reached = new Map(earlier)
      // A page that was read ahead of the changes shows some of those who came later.
      for (const [member, state] of random.pick(rooms.slice(version))) if (random.float() < 0.5) reached.set(member, state)
      for (const part of since.take(500)) apply(reached, part)
      expect(new Map([...reached].sort())).toEqual(new Map([...(rooms.at(-1) ?? [])].sort()))
    }
    expect(held).toBeGreaterThan(50)
    expect(held).toBeLessThan(rooms.length)
  })

  it("of one who comes and goes within them and was not seen are none, and of one who goes and comes a whole new entry", () => {
    const changes = new ChangeSet()
    changes.joined(seat("a", "1"))
    changes.left("a")
    changes.left("b")
    changes.joined(seat("b", "2"))
    const [all] = changes.take(1_000)
    expect(listsOf(all ?? new Map())).toMatchObject({ joined: [{ member: "b" }], updated: [], left: [] })
  })

  it("[I20] of one who comes, is seen and goes within them are a leave, also where it came before and was told since", () => {
    const changes = new ChangeSet()
    changes.joined(seat("a", "1"))
    changes.seen()
    changes.left("a")
    const log = new ChangeLog(1_000)
    for (const part of changes.take(1_000)) log.add(part)
    expect(listsOf(log.since(0)?.take(1_000)[0] ?? new Map())).toEqual({ joined: [], updated: [], left: ["a"] })
    changes.joined(seat("b", "1"))
    for (const part of changes.take(1_000)) log.add(part)
    changes.left("b")
    for (const part of changes.take(1_000)) log.add(part)
    expect(listsOf(log.since(0)?.take(1_000)[0] ?? new Map())).toEqual({ joined: [], updated: [], left: ["a", "b"] })
  })

  it("leave in parts of bounded length", () => {
    const changes = new ChangeSet()
    for (let index = 0; index < 100; index++) changes.joined({ ...seat(`m${index}`, "x"), bytes: 100 })
    const parts = changes.take(1_000)
    expect(parts.length).toBeGreaterThan(10)
    expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(100)
  })

  it("that were skipped bring nobody anywhere, and those after them do again", () => {
    const log = new ChangeLog(1_000)
    log.add(new Map([["a", { before: false, after: seat("a", "1"), whole: true }]]))
    log.skip()
    expect([log.version, log.since(0), log.since(1)]).toEqual([2, undefined, undefined])
    log.add(new Map([["a", { before: true, after: undefined, whole: false }]]))
    expect(log.since(2)?.size).toBe(1)
    expect(log.since(3)?.size).toBe(0)
    expect(log.since(4)).toBeUndefined()
  })
})
