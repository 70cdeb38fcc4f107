import type { JsonText } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { fieldsSince, type WrittenValue, written } from "./row-fields.ts"

const NAMES = Array.from({ length: 40_000 }, (_, index) => `field${index}`)
/** A row whose first fields have another value than before. */
const rowWith = (value: number, changed: number) =>
  JSON.stringify(Object.fromEntries(NAMES.map((name, index) => [name, index < changed ? value : 0]))) as JsonText

/** A row of which each field but one was written since its base. */
function writtenBefore(): WrittenValue {
  return written(written(undefined, rowWith(0, 0), 1), rowWith(1, NAMES.length - 1), 2)
}

describe("the fields of a row that were written", () => {
  it("are those of the last writes, each with the version of its own", () => {
    const values = [
      { a: 1, b: 1, c: 1 },
      { a: 2, b: 2, c: 1 },
      { a: 3, b: 2, c: 1 },
    ].map((value) => JSON.stringify(value) as JsonText)
    let its: WrittenValue | undefined
    for (const [index, value] of values.entries()) its = written(its, value, index + 1)
    expect(its).toMatchObject({
      base: 1,
      fields: [
        ["b", 2],
        ["a", 3],
      ],
    })
    expect([1, 2, 3].map((version) => its && fieldsSince(its.data, its.fields, version))).toEqual(['{"b":2,"a":3}', '{"a":3}', "{}"])
  })

  it("cost about the same whether one or half of them are written again", () => {
    const before = writtenBefore()
    const time = (data: JsonText) => fastest(() => void written(before, data, 3))
    const half = rowWith(1, NAMES.length / 2)
    const one = rowWith(1, NAMES.length - 2)
    expect(time(half) / time(one)).toBeLessThan(6)
  })
})

/** Milliseconds of the fastest of several runs: the one least disturbed by the machine. */
function fastest(action: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 4; round++) {
    const start = performance.now()
    action()
    best = Math.min(best, performance.now() - start)
  }
  return best
}
