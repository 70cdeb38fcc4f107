import type { DurableLog } from "@magpie/journal"
import { MagpieError, type Publication } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { createScoreTruth } from "./score-truth.ts"

const row = (offset: number, key: string, data: unknown): Publication =>
  ({ channel: "board/a", offset, name: "$row", data: JSON.stringify(data === undefined ? { key } : { key, data }) }) as Publication

const score = (id: string, count = 0) => ({ id, count })
const shown = (...rows: readonly (readonly [key: string, version: number, value: unknown])[]) =>
  new Map(rows.map(([key, version, value]) => [key, { version, value }]))

/** `ann` was written at 1, 2 and 4, `bob` at 3. */
function setUp(lost = false) {
  const broken: unknown[] = []
  const truth = createScoreTruth({ reached: () => {}, broken: (failure) => broken.push(failure), lost: () => lost })
  truth.applied("node-0", [row(1, "ann", score("a")), row(2, "ann", score("b")), row(3, "bob", score("c")), row(4, "ann", score("d"))])
  const screen = truth.screen("c0.1")
  screen.state("loading")
  screen.shown({ keys: ["ann", "bob"], skipped: 0 }, shown(["ann", 1, score("a")], ["bob", 3, score("c")]))
  return { truth, broken, screen }
}

type Rows = Readonly<Record<string, { readonly version: number; readonly data: unknown }>>

/** A log whose rows are these; those without data are gone. */
const logOf = (rows: Rows, newest = Math.max(0, ...Object.values(rows).map(({ version }) => version))): DurableLog => {
  const held = Object.entries(rows).map(([key, { version, data }]) => ({ key, version, data: data && JSON.stringify(data) }))
  return {
    newest: () => ({ offset: newest }),
    row: (_channel: string, key: string) => held.find((its) => its.key === key && its.data !== undefined),
    readRows: () => ({ rows: held }),
  } as unknown as DurableLog
}

describe("the judge of tables", () => {
  test("takes what was written, with what was left out counted", () => {
    const { broken, screen } = setUp()
    screen.shown({ keys: ["ann"], skipped: 1 }, shown(["ann", 4, score("d")], ["bob", 3, score("c")]))
    expect(broken).toEqual([])
  })

  test.each([
    ["an update that was left out and not counted", 0, shown(["ann", 4, score("d")], ["bob", 3, score("c")]), "skipped"],
    ["one too many", 2, shown(["ann", 4, score("d")], ["bob", 3, score("c")]), "skipped"],
    ["a row as nobody wrote it", 1, shown(["ann", 4, score("x")], ["bob", 3, score("c")]), "was written as"],
    ["a row under another one's version", 1, shown(["ann", 3, score("c")], ["bob", 3, score("c")]), "was written as"],
  ])("sees %s", (_what, skipped, rows, why) => {
    const { broken, screen } = setUp()
    screen.shown({ keys: ["ann"], skipped }, rows)
    expect(String(broken)).toContain(why)
  })

  test("sees a row that goes back, unless the log may have lost the newer one", () => {
    for (const lost of [false, true]) {
      const { broken, screen } = setUp(lost)
      screen.shown({ keys: ["ann"], skipped: 1 }, shown(["ann", 4, score("d")], ["bob", 3, score("c")]))
      screen.shown({ keys: ["ann"], skipped: 0 }, shown(["ann", 2, score("b")], ["bob", 3, score("c")]))
      expect(broken).toHaveLength(lost ? 0 : 1)
    }
  })

  test("counts nothing that was missed before a new beginning", () => {
    const { broken, screen } = setUp()
    screen.state("loading")
    screen.shown({ keys: ["ann"], skipped: 0 }, shown(["ann", 4, score("d")], ["bob", 3, score("c")]))
    expect(broken).toEqual([])
  })

  test("sees two nodes that hold different writes at one place", () => {
    const { truth } = setUp()
    expect(() => truth.applied("node-1", [row(4, "ann", score("d"))])).not.toThrow()
    expect(() => truth.applied("node-1", [row(4, "ann", undefined)])).toThrow("another node")
  })

  test("sees an acknowledged write that is not there, and a row that is not its last write", () => {
    const { truth } = setUp()
    const log = logOf({ ann: { version: 4, data: score("d") }, bob: { version: 3, data: score("c") } })
    truth.written("ann", "d", 4)
    expect(() => truth.check("node-0", log, ["ann", "bob"])).not.toThrow()
    expect(() => truth.check("node-0", logOf({ ann: { version: 2, data: score("b") } }), ["ann"])).toThrow("last written as")
    truth.written("bob", "x", 3)
    expect(() => truth.check("node-0", log, ["ann", "bob"])).toThrow("acknowledged")
  })

  test("learns from a node that began anew what nobody told of, and that later writes hide a part of it", () => {
    const { truth, broken, screen } = setUp()
    const log = logOf({ ann: { version: 6, data: undefined }, bob: { version: 7, data: score("g") } })
    truth.written("bob", "f", 5)
    truth.opened("node-0", log)
    screen.shown({ keys: ["bob"], skipped: 0 }, shown(["bob", 7, score("g")]))
    expect(broken).toEqual([])
    expect(() => truth.check("node-0", log, ["ann", "bob"])).not.toThrow()
    expect(() => truth.check("node-0", logOf({ ann: { version: 4, data: score("d") } }), ["ann"])).toThrow("last written as")
    truth.written("bob", "x", 7)
    expect(() => truth.check("node-0", log, ["ann", "bob"])).toThrow("acknowledged")
  })

  test("sees that a node which began anew holds other writes", () => {
    const { truth } = setUp()
    expect(() => truth.opened("node-0", logOf({ ann: { version: 4, data: score("x") } }))).toThrow("another node")
  })

  test.each([
    ["no less than for sure", 0, false],
    ["what may have been stored", 2, true],
    ["no more than was tried", 4, false],
  ])("a row that is counted up holds %s", (_what, count, isRight) => {
    const { truth } = setUp()
    for (let tries = 0; tries < 3; tries++) truth.counting("sum")
    truth.counted("sum")
    truth.applied("node-0", [row(5, "sum", score("s", count))])
    const check = () => truth.check("node-0", logOf({ sum: { version: 5, data: score("s", count) } }), ["sum"])
    if (isRight) expect(check).not.toThrow()
    else expect(check).toThrow("counted up")
  })

  test("sees a failure that no fault explains", () => {
    const { truth, broken } = setUp()
    truth.failed("c0.1", new MagpieError("CONFLICT", "somebody was first"))
    expect(broken).toEqual([])
    truth.failed("c0.1", new MagpieError("INTERNAL", "a defect"))
    expect(broken).toHaveLength(1)
  })
})
