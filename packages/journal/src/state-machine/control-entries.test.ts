import { describe, expect, test } from "vitest"
import type { Entry } from "../entry.ts"
import { REVOCATIONS } from "../rows/keys.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import type { Applied } from "./applied.ts"
import { CAPPED_SINCE } from "./control-entries.ts"
import { StateMachine } from "./state-machine.ts"

const CAPS = { revocations: 3, spent: 3 }
const settings = (applyVersion: number): Entry => ({ type: "settings", at: 1, applyVersion, deduplicationMs: 3_600_000, retention: {} })
const spend = (name: string, at: number, until = at + 1_000): Entry => ({ type: "spend", at, name, until })
const revoke = (subject: string, at: number, until = at + 1_000, issuedUntil = at): Entry => ({
  type: "revoke",
  at,
  subject,
  issuedUntil,
  until,
})
const clock = (at: number): Entry => ({ type: "clock", at })

function setUp(applyVersion = CAPPED_SINCE) {
  const storage = memoryStorage()
  const machine = new StateMachine(storage, undefined, CAPS)
  machine.apply(settings(applyVersion))
  let position = 0
  return {
    machine,
    storage,
    async commit() {
      await storage.commit(machine.endBatch(++position))
      machine.committed()
    },
  }
}

const keys = (storage: MemoryStorage, from: string): string[] => [...storage.range({ from, to: `${from}\u{10ffff}` })].map(({ key }) => key)
const outcomes = (applied: readonly Applied[]) => applied.map(({ refused = "done" }) => refused)

describe("a name that is spent", () => {
  test("[F37] is spent by the first entry, whichever comes behind it", () => {
    const { machine } = setUp()
    expect(outcomes([spend("t", 100), spend("t", 100), spend("u", 100), spend("t", 200)].map((entry) => machine.apply(entry)))).toEqual([
      "done",
      "spent",
      "done",
      "spent",
    ])
  })

  test("[F37] is forgotten at its end, from which on it cannot be spent either", async () => {
    const { machine, storage, commit } = setUp()
    machine.apply(spend("t", 100, 1_100))
    machine.apply(clock(1_099))
    await commit()
    expect(keys(storage, "u/")).toEqual(["u/t"])
    expect(machine.nextDueAt()).toBe(1_100)
    machine.apply(clock(1_100))
    await commit()
    expect([keys(storage, "u/"), keys(storage, "d/")]).toEqual([[], []])
    expect(outcomes([machine.apply(spend("t", 1_100, 1_100)), machine.apply(spend("late", 900, 1_050))])).toEqual(["spent", "spent"])
    expect(outcomes([machine.apply(spend("t", 1_100, 1_101))])).toEqual(["done"])
  })

  test("[F37] has no place beside too many others, until some have ended", async () => {
    const { machine, storage, commit } = setUp()
    for (const name of ["a", "b", "c"]) machine.apply(spend(name, 100))
    expect(outcomes([machine.apply(spend("d", 100)), machine.apply(spend("a", 100))])).toEqual(["full", "spent"])
    await commit()
    expect(keys(storage, "u/")).toEqual(["u/a", "u/b", "u/c"])
    expect(outcomes([machine.apply(spend("d", 100))])).toEqual(["full"])
    machine.apply(clock(1_100))
    expect(outcomes(["d", "e", "f", "g"].map((name) => machine.apply(spend(name, 1_100))))).toEqual(["done", "done", "done", "full"])
  })

  test("[G3] counts the same after a restart and after a batch that was not committed", async () => {
    const { machine, storage, commit } = setUp()
    machine.apply(spend("a", 100))
    await commit()
    for (const name of ["b", "c", "d"]) machine.apply(spend(name, 100))
    machine.discard()
    const restarted = new StateMachine(storage, undefined, CAPS)
    for (const one of [machine, restarted]) {
      expect(outcomes(["b", "c", "d"].map((name) => one.apply(spend(name, 100))))).toEqual(["done", "done", "full"])
    }
    expect(restarted.stateHash()).toBe(machine.stateHash())
  })

  test("changes the hash of the state", () => {
    const [one, other] = [setUp().machine, setUp().machine]
    one.apply(spend("a", 100))
    other.apply(spend("b", 100))
    expect(one.stateHash()).not.toBe(other.stateHash())
  })
})

describe("revocations", () => {
  test("[F35] have no place beside too many others, but a longer one of the same has", async () => {
    const { machine, storage, commit } = setUp()
    for (const subject of ["a", "b", "c"]) machine.apply(revoke(subject, 100))
    expect(machine.apply(revoke("d", 100))).toEqual({ refused: "full" })
    const longer = { subject: "a", issuedUntil: 200, until: 9_000 }
    expect(machine.apply(revoke("a", 200, 9_000))).toEqual({ changes: [{ type: "revoked", ...longer }] })
    await commit()
    expect([...storage.range(REVOCATIONS)]).toHaveLength(3)
    machine.apply(clock(1_100))
    expect(outcomes([machine.apply(revoke("d", 1_100)), machine.apply(revoke("e", 1_100)), machine.apply(revoke("f", 1_100))])).toEqual([
      "done",
      "done",
      "full",
    ])
  })

  test("[F35] are not counted by a deadline that no longer is theirs", () => {
    const { machine } = setUp()
    machine.apply(revoke("a", 100, 1_000))
    machine.apply(revoke("a", 100, 5_000))
    machine.apply(clock(1_000))
    for (const subject of ["b", "c"]) machine.apply(revoke(subject, 1_000, 6_000))
    expect(machine.apply(revoke("d", 1_000, 6_000))).toEqual({ refused: "full" })
    machine.apply(clock(5_000))
    expect(outcomes([machine.apply(revoke("d", 5_000, 6_000))])).toEqual(["done"])
  })

  test("[F85] are not bounded while not all nodes know the bound, and those that are there count from then on", async () => {
    const { machine, storage, commit } = setUp(CAPPED_SINCE - 1)
    const subjects = ["a", "b", "c", "d", "e"]
    expect(outcomes(subjects.map((subject) => machine.apply(revoke(subject, 100))))).toEqual(subjects.map(() => "done"))
    await commit()
    expect([...storage.range(REVOCATIONS)]).toHaveLength(5)
    machine.apply(settings(CAPPED_SINCE))
    expect(machine.apply(revoke("f", 100))).toEqual({ refused: "full" })
  })
})
