import { toJsonText } from "@magpie/protocol"
import { expect, test } from "vitest"
import type { Entry } from "../entry.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import { NEWCOMERS, NEWCOMERS_SINCE, REFUSALS_OF_NEWCOMER } from "./newcomers.ts"
import { StateMachine } from "./state-machine.ts"

const REFUSED = { result: "refused", code: "FORBIDDEN" }

async function setUp(applyVersion = NEWCOMERS_SINCE) {
  const storage = memoryStorage()
  let machine = new StateMachine(storage)
  let position = 0
  const apply = (entry: Entry) => machine.apply(entry, ++position).outcome
  apply({ type: "settings", at: 1, applyVersion, deduplicationMs: 10_000, retention: {} })
  const numbered = (producer: string, sequence: number, ref = "r", channel = "c") => ({
    at: 1,
    channel,
    pattern: "p",
    producer,
    sequence,
    ref,
  })
  return {
    refuse: (...args: Parameters<typeof numbered>) => apply({ type: "refused", ...numbered(...args), code: "FORBIDDEN" }),
    publish: (...args: Parameters<typeof numbered>) => apply({ type: "publish", ...numbered(...args), name: "say", data: toJsonText("x") }),
    change: (...args: Parameters<typeof numbered>) =>
      apply({ type: "change", ...numbered(...args), change: { action: "delete", offset: 1, mark: 1, erase: false, keep: 0 } }),
    discard: () => machine.discard(),
    async restart() {
      await storage.commit(machine.endBatch(position))
      machine = new StateMachine(storage)
    },
    rows: () => Array.from(storage.range({ from: "", to: "\u{10ffff}" }), ({ key }) => key),
  }
}

test("[G2] a publish that lands behind its refusal is refused, and the numbers go on after it", async () => {
  const bed = await setUp()
  expect([bed.refuse("ada", 1, "a"), bed.refuse("ada", 1, "a"), bed.refuse("ada", 2, "b")]).toEqual([REFUSED, REFUSED, REFUSED])
  await bed.restart()
  expect([bed.publish("ada", 1, "a"), bed.publish("ada", 2, "c"), bed.publish("ada", 4)]).toEqual([
    REFUSED,
    { result: "conflict" },
    { result: "out-of-order", expected: 3 },
  ])
  expect(bed.publish("ada", 3)).toMatchObject({ result: "stored", position: { offset: 1 } })
  expect([bed.publish("ada", 1, "a"), bed.refuse("ada", 2, "b"), bed.refuse("ada", 4)]).toEqual([REFUSED, REFUSED, REFUSED])
})

test("[G2] a refusal that lands behind its publish is told that it was stored", async () => {
  const bed = await setUp()
  bed.publish("ada", 1)
  expect(bed.refuse("ada", 1)).toMatchObject({ result: "duplicate", position: { offset: 1 } })
})

test("[G11] so many newcomers are remembered and no more, over a restart, and the next takes the place of the first", async () => {
  const bed = await setUp()
  for (let index = 0; index < NEWCOMERS; index++) bed.refuse(`p${index}`, 1, "r", `c${index}`)
  await bed.restart()
  const rows = bed.rows().length
  expect(bed.publish("p0", 1, "r", "c0")).toEqual(REFUSED)
  for (let index = 0; index < 3; index++) bed.refuse(`late${index}`, 1)
  await bed.restart()
  expect(bed.rows()).toHaveLength(rows)
  expect(bed.publish("p3", 1, "r", "c3")).toEqual(REFUSED)
  expect(bed.publish("p2", 1, "r", "c2")).toMatchObject({ result: "stored" })
})

test("[G2] [G11] the newest refusals of a newcomer are remembered, however many there were, also once it is none", async () => {
  const bed = await setUp()
  const last = REFUSALS_OF_NEWCOMER + 7
  for (let sequence = 1; sequence <= last; sequence++) expect(bed.refuse("ada", sequence)).toEqual(REFUSED)
  const expectRemembered = () => {
    for (const sequence of [1, 7]) expect(bed.publish("ada", sequence)).toEqual({ result: "expired" })
    for (const sequence of [8, 9, last]) expect(bed.publish("ada", sequence)).toEqual(REFUSED)
  }
  expectRemembered()
  await bed.restart()
  expectRemembered()
  expect(bed.publish("ada", last + 2)).toEqual({ result: "out-of-order", expected: last + 1 })
  expect(bed.publish("ada", last + 1)).toMatchObject({ result: "stored" })
  expectRemembered()
  await bed.restart()
  expectRemembered()
  expect(bed.refuse("ada", last + 2)).toEqual(REFUSED)
})

test("[G2] a change of a channel that has nothing uses its number up, so what flies behind it is in order", async () => {
  const bed = await setUp()
  const nothingThere = { result: "refused", code: "UNRECOVERABLE" }
  expect([bed.change("ada", 1), bed.change("ada", 1), bed.change("ada", 2)]).toEqual([nothingThere, nothingThere, nothingThere])
  expect(bed.publish("ada", 3)).toMatchObject({ result: "stored", position: { offset: 1 } })
  expect(bed.change("ada", 2)).toEqual(nothingThere)
})

test("what is discarded is forgotten, and what comes then is judged anew", async () => {
  const bed = await setUp()
  await bed.restart()
  bed.refuse("ada", 1)
  bed.discard()
  expect(bed.publish("ada", 1)).toMatchObject({ result: "stored" })
})

test("[F115] nothing is remembered while a node runs older rules", async () => {
  const bed = await setUp(NEWCOMERS_SINCE - 1)
  expect([bed.refuse("ada", 1), bed.change("ada", 1)]).toEqual([
    { result: "unused", code: "FORBIDDEN" },
    { result: "unused", code: "UNRECOVERABLE" },
  ])
  expect(bed.publish("ada", 1)).toMatchObject({ result: "stored" })
})
