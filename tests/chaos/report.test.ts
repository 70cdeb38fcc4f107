import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { quantile } from "./quantile.ts"
import { figureTable, jsonLine, writeRecord } from "./report.ts"

const outcome = (broken: readonly string[], record: Readonly<Record<string, unknown>>) => ({ figures: [], broken, record })

describe("figures", () => {
  it("are one line of JSON each, as those of the benchmarks", () => {
    expect(jsonLine({ name: "chaos/traffic/lost", value: 3, unit: "messages", peer: "socket.io", peerValue: 12 })).toBe(
      '{"name":"chaos/traffic/lost","value":3,"unit":"messages","peer":"socket.io","peerValue":12,"ratio":0.25}',
    )
    expect(jsonLine({ name: "chaos/storm", value: 500, unit: "clients" })).toContain('"peer":null,"peerValue":null,"ratio":null')
  })

  it("say aloud what is more than owed", () => {
    const table = figureTable([
      { name: "within", value: 9, unit: "ms", owed: 10 },
      { name: "beyond", value: 10_500, unit: "ms", owed: 10_000 },
    ])
    expect(table.split("\n").map((line) => line.includes("NOT REACHED"))).toEqual([false, false, true])
    expect(table).toContain("≤ 10,000")
  })

  it("have quantiles by nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1), quantile([], 0.5)]).toEqual([50, 99, 100, 0])
  })
})

describe("the record", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "magpie-chaos-"))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it("keeps the other scenarios when one is written, and says whether the promises held", () => {
    const file = join(directory, "chaos.json")
    writeRecord(file, "kills", "npm run chaos -- --kills 5", outcome([], { kills: 5 }))
    writeRecord(file, "storm", "npm run chaos -- --storm 9", outcome(["somebody stayed away"], { clients: 9 }))
    writeRecord(file, "storm", "npm run chaos -- --storm 10", outcome([], { clients: 10 }))
    const written = JSON.parse(readFileSync(file, "utf8"))
    expect(written).toMatchObject({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      machine: { node: process.version },
      scenarios: { kills: { held: true, kills: 5 }, storm: { command: "npm run chaos -- --storm 10", held: true, clients: 10 } },
    })
  })
})
