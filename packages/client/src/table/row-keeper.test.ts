import type { Row, Rows } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { createRowKeeper } from "./row-keeper.ts"

const ROW = { at: 1, from: undefined } as const
const row = (key: string, version: number, count: number, rest: Partial<Row>): Row => ({ ...ROW, key, version, count, ...rest })
const told = (since: number, offset: number, rows: readonly Row[], rest: Partial<Rows> = {}): Rows => ({
  ...{ type: "rows", channel: "quotes", since, position: { epoch: "e", offset } },
  ...{ rows, ...rest },
})
const snapshot = told(0, 2, [row("a", 1, 1, { data: { bid: 0, ask: 0 } }), row("b", 2, 1, { data: { bid: 0, ask: 0 } })], { reset: true })

describe("the rows that a client keeps", () => {
  it("[G4] goes on behind the last pages that came as a whole, and counts what comes again once", () => {
    const keeper = createRowKeeper()
    keeper.begin()
    keeper.take(snapshot)
    // a was written at 3 and again at 5, behind this page.
    expect(keeper.take(told(2, 4, [row("b", 4, 2, { gone: true })], { more: true }))).toEqual({ changed: ["b"], skipped: 0 })
    expect(keeper.begin()).toEqual({ epoch: "e", offset: 2 })
    const again = told(2, 5, [row("b", 4, 2, { gone: true }), row("a", 5, 3, { fields: { bid: 3, ask: 5 } })])
    expect(keeper.take(again)).toEqual({ changed: ["a"], skipped: 1 })
    expect([...keeper.rows].map(([key, { value }]) => [key, value])).toEqual([["a", { bid: 3, ask: 5 }]])
    expect(keeper.begin()).toEqual({ epoch: "e", offset: 5 })
  })

  it("[G6] counts a row anew where nothing was known of it any more when it came back", () => {
    const keeper = createRowKeeper()
    keeper.take(snapshot)
    keeper.take(told(2, 9, [row("a", 9, 3, { gone: true })]))
    const back = row("a", 5_000, 7, { born: 4_000, data: { bid: 1, ask: 1 } })
    expect(keeper.take(told(9, 5_000, [back]))).toEqual({ changed: ["a"], skipped: 6 })
    // It began after what the server knows that this client is level with, and this client knows more.
    expect(keeper.take(told(5_000, 5_001, [row("a", 5_001, 8, { born: 4_000, fields: { bid: 2 } })]))).toEqual({
      changed: ["a"],
      skipped: 0,
    })
  })

  it("must be given everything where the rest of a beginning did not come", () => {
    const keeper = createRowKeeper()
    keeper.take(snapshot)
    expect(keeper.take({ ...snapshot, more: true })).toBeUndefined()
    expect([keeper.rows.size, keeper.begin()]).toEqual([2, undefined])
  })

  it("notices what was lost on the way", () => {
    const keeper = createRowKeeper()
    keeper.take(snapshot)
    expect(keeper.take(told(3, 4, []))).toBe("lost")
  })
})
