import type { KeyedRow } from "@magpie/journal"
import { type JsonText, jsonServerCodec, type RowText } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { payloadOf } from "../flow/batch.ts"
import { rowChoice } from "./row-choice.ts"
import { type PageRequest, TableView } from "./table-view.ts"

const rowAt = (key: string, version: number): KeyedRow => ({
  ...{ key, version, count: version, born: 1, at: 5, from: undefined, base: 1 },
  ...{ data: '{"bid":1,"ask":2}' as JsonText, fields: [["bid", version]] },
})
const names = Array.from({ length: 600 }, (_, index) => `k${index}`)
const rows = names.map((key, index) => rowAt(key, index + 10))
const position = { epoch: "e", offset: 700, mark: "m" }

function viewOf(more = false): { readonly view: TableView; readonly written: string[]; page(rest: Partial<PageRequest>): PageRequest } {
  const written: string[] = []
  const codec = {
    ...jsonServerCodec,
    encodeRow(row: RowText) {
      written.push(row.key)
      return jsonServerCodec.encodeRow(row)
    },
  }
  const request = {
    channel: "quotes",
    chosen: { places: undefined, tellings: undefined },
    given: 0,
    holds: 9,
    since: 9,
    reset: false,
    awaited: false,
    pace: undefined,
    maxBytes: 1_000_000,
  }
  return {
    view: new TableView({ rows, position, more }),
    written,
    page: (rest) => ({ ...request, codec, choice: rowChoice(), ...rest }),
  }
}

function textOf(batch: ReturnType<TableView["page"]>["batch"]): {
  readonly [field: string]: unknown
  readonly rows: readonly { key: string }[]
} {
  return JSON.parse(batch === undefined ? "null" : new TextDecoder().decode(payloadOf(batch)))
}

describe("what one lacks of a table at one moment", () => {
  it("is given in messages of some rows each, and leads to where the moment was", () => {
    const { view, page } = viewOf()
    const first = view.page(page({}))
    expect(textOf(first.batch)).toMatchObject({ since: 9, position: { epoch: "e", offset: 265 }, more: true })
    const second = view.page(page({ given: first.next, since: 265, awaited: true }))
    const third = view.page(page({ given: second.next, since: 521, awaited: true }))
    expect([first, second, third].flatMap(({ batch }) => textOf(batch).rows.map(({ key }) => key))).toEqual(names)
    expect([third.more, third.position, textOf(third.batch).more]).toEqual([false, position, undefined])
  })

  it("has messages of at most so many bytes, or one row", () => {
    const { view, page } = viewOf()
    const { batch, next } = view.page(page({ maxBytes: 1_000 }))
    expect(next).toBeGreaterThan(1)
    expect(textOf(batch).rows.reduce((sum, row) => sum + JSON.stringify(row).length, 0)).toBeLessThanOrEqual(1_000)
    expect(view.page(page({ maxBytes: 1 })).next).toBe(1)
  })

  it("writes each row once, however many choose it, and a message once for all who choose alike", () => {
    const { view, page, written } = viewOf()
    const choices = [
      ["k3", "k1"],
      ["k1", "nothing"],
      ["k3", "k2", "k1"],
    ].map((keys) => rowChoice({ keys }))
    const pages = choices.map((choice) => view.page(page({ choice, chosen: view.chosenBy(choice, undefined) })))
    expect(pages.map(({ batch }) => textOf(batch).rows.map(({ key }) => key))).toEqual([["k1", "k3"], ["k1"], ["k1", "k2", "k3"]])
    expect(written.toSorted()).toEqual(["k1", "k2", "k3"])
    const again = rowChoice({ keys: ["k3", "k1"] })
    expect(view.page(page({ choice: again, chosen: view.chosenBy(again, undefined) })).batch).toBe(pages[0]?.batch)
  })

  it("says nothing to one who chose none of them, unless he waits for the end", () => {
    const { view, page } = viewOf()
    const choice = rowChoice({ prefix: "other/" })
    const chosen = view.chosenBy(choice, undefined)
    expect(view.page(page({ choice, chosen }))).toMatchObject({ batch: undefined, position, more: false })
    expect(textOf(view.page(page({ choice, chosen, awaited: true })).batch)).toMatchObject({ position, rows: [] })
    expect(viewOf(true).view.page(page({ choice, chosen, awaited: true }))).toMatchObject({ batch: undefined, more: true })
  })
})
