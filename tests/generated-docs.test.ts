import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const script = (name: string) => import(new URL(`../scripts/${name}.mjs`, import.meta.url).href)
const { fill }: { fill(text: string, sources: object, language: string): string } = await script("docs/parts")
const { openFigures }: { openFigures(root: string): object } = await script("docs/figures")
const { DEFECTS }: { DEFECTS: readonly { readonly name: string; readonly breaks: string }[] } = await script("sim/defects")

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "magpie-docs-"))
  mkdirSync(join(root, "docs"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const run = { date: "2026-01-02", command: "npm run it", machine: { node: "v20", cores: 2, cpu: "a processor" } }
const keep = (file: string, content: object) => writeFileSync(join(root, "docs", file), JSON.stringify(content))
const block = (name: string, content = "") => `before\n<!-- generated: ${name} -->\n${content}<!-- end -->\nafter\n`
/** The lines of a block that is filled from the files of the temporary root. */
const filled = (name: string, language = "en") =>
  fill(block(name), { figures: openFigures(root) }, language)
    .split("\n")
    .slice(3, -4)

describe("a generated block", () => {
  it("is filled anew between its marks, and nothing else is touched", () => {
    keep("mutation.json", { rooms: {} })
    const once = fill(block("mutation"), { figures: openFigures(root) }, "en")
    expect(once.startsWith("before\n<!-- generated: mutation -->\n\n| room |")).toBe(true)
    expect(once.endsWith("\n\n<!-- end -->\nafter\n")).toBe(true)
    expect(fill(once.replace("admission", "stale"), { figures: openFigures(root) }, "en")).toBe(once)
  })

  it("fails with its name where nothing generates it", () => {
    expect(() => filled("magic")).toThrow('nothing generates "magic"')
  })

  it.each([
    ["simulation", "docs/simulation.json is missing: run `npm run sim -- --seeds 10000 --write`"],
    ["planted-G1", "docs/simulation.json is missing: run `npm run sim -- --planted --write`"],
    ["fuzz", "docs/simulation.json is missing: run `npm run sim -- --fuzz 100000000 --write`"],
    ["chaos-kills", "docs/chaos.json is missing: run `npm run chaos -- --kills 500 --write`"],
    ["mutation", "docs/mutation.json is missing: run `node scripts/mutation.mjs --write`"],
  ])("%s fails with the command that is owed where its file is missing", (name, message) => {
    expect(() => filled(name)).toThrow(message)
  })

  it("fails with the command that is owed where its part of the file is missing", () => {
    keep("simulation.json", { planted: [] })
    keep("chaos.json", { scenarios: {} })
    expect(() => filled("simulation")).toThrow('"runs" in docs/simulation.json is missing: run `npm run sim -- --seeds 10000 --write`')
    expect(() => filled("chaos-storm")).toThrow('"storm" in docs/chaos.json is missing: run `npm run chaos -- --storm 10000 --write`')
  })
})

describe("the figures", () => {
  it("of seeds say what was run, where, and by which command, in both languages", () => {
    const counts = { steps: 4_000, operations: 300, faults: 20, faultsByKind: { reset: 5, kill: 15 }, violations: 0, hash: "abc" }
    keep("simulation.json", { runs: { ...run, firstSeed: 7, seeds: 1_000, seconds: 61.23, ...counts } })
    const [head, , row, , about] = filled("simulation")
    expect([head, row]).toEqual(["| seeds | events | operations | faults that struck | violations |", "| 1,000 | 4,000 | 300 | 20 | 0 |"])
    expect(about).toBe("Seeds 7 to 1,006 in 61.2 s; trace hash `abc`. `npm run it`, 2026-01-02; Node v20, 2 cores (a processor).")
    expect(filled("simulation", "zh-TW")[0]).toBe("| 種子 | 事件 | 操作 | 擊中的故障 | 違反 |")
    expect(filled("simulation-faults")[2]).toBe("| `kill` | 15 | `reset` | 5 |")
  })

  it("of inputs say how many there were, what became of them, and what was taken from the heap, in both languages", () => {
    const counts = { inputs: 1_000_000, targets: 30, failures: 0, slowestMsPer64KiB: 9, mostTimesTheLimit: 1.97, mostTimesInAll: 96.07 }
    keep("simulation.json", { fuzz: { ...run, ...counts, seconds: 61.2 } })
    expect(filled("fuzz")[0]).toBe(
      "1,000,000 mutated inputs to 30 targets in 61.2 s: 0 broken promises. From the heap at most 1.97 times a limit beside what parsers build, and 96.1 times with it. `npm run it`, 2026-01-02; Node v20, 2 cores (a processor).",
    )
    expect(filled("fuzz", "zh-TW")[0]).toMatch(/^1,000,000 筆變造的輸入餵給 30 個目標/)
  })

  it("of planted defects name who survived and who was not run", () => {
    const defects = [
      { name: "acknowledged-before-the-flush", caught: true, medianSeeds: 3, invariants: ["I1", "I8"] },
      { name: "timer-left-after-the-close", caught: false, medianSeeds: null, invariants: [] },
    ]
    keep("simulation.json", { planted: [{ ...run, firstSeeds: [1, 3_001], defects }] })
    const rows = filled("planted-G1")
    expect(rows).toContain("| `acknowledged-before-the-flush` | I1, I8 | 3 | 2026-01-02 |")
    expect(rows).toContain("| `retry-after-a-failed-flush` | not run yet |  |  |")
    expect(filled("planted-G12")).toContain("| `timer-left-after-the-close` | **nobody** |  | 2026-01-02 |")
    expect(filled("planted")).toEqual([
      `2 of ${DEFECTS.length} planted defects were run, and 1 of them caught, each after at most 3 seeds (the median of three runs). 2 from the seeds 1, 3,001 on: \`npm run it\`, 2026-01-02; Node v20, 2 cores (a processor).`,
    ])
  })

  it("of planted defects tell which run has written how many of them, and that one was not caught each time", () => {
    const missed = { name: "sequences-not-persisted", caught: false, medianSeeds: 7, invariants: ["I2"] }
    const caught = { caught: true, medianSeeds: 3, invariants: ["I1"] }
    const firstSeeds = [1, 3_001]
    const only = (name: string) => ({
      ...run,
      firstSeeds,
      date: "2026-01-03",
      command: `it --only ${name}`,
      defects: [{ name, ...caught }],
    })
    const alone = ["timer-left-after-the-close", "acknowledged-before-the-flush"].map(only)
    keep("simulation.json", {
      planted: [{ ...run, firstSeeds: [7], defects: [missed, { name: "no-longer-planted", ...caught }] }, ...alone],
    })
    const [line = ""] = filled("planted")
    expect(line).toMatch(/^3 of \d+ planted defects were run, and 2 of them caught/)
    expect(line).toContain("1 from the seeds 7 on: `npm run it`, 2026-01-02; Node")
    expect(line).toContain("2 from the seeds 1, 3,001 on: `it --only NAME`, 2026-01-03; Node")
    expect(filled("planted", "zh-TW")[0]).toContain("其中 2 個從種子 1, 3,001 起：`it --only NAME`，2026-01-03；Node")
    expect(filled("planted-G2")).toContain("| `sequences-not-persisted` | **not in each run** |  | 2026-01-02 |")
    expect(filled("planted-G12")).toContain("| `timer-left-after-the-close` | I1 | 3 | 2026-01-03 |")
  })

  it("of chaos are held against the deliveries that were owed, and say that a promise was broken", () => {
    const none = { lost: 0, doubled: 0, reordered: 0, invented: 0 }
    const magpie = { words: 10, owed: 400, subscribers: none, store: none, faults: 7 }
    const contenders = { magpie, "socket.io": { ...magpie, subscribers: { ...none, lost: 100 } } }
    keep("chaos.json", { machine: run.machine, scenarios: { traffic: { ...run, held: false, contenders } } })
    const lines = filled("chaos-traffic")
    expect(lines[2]).toBe("| Magpie | 400 | 0 | 0 | 0 | 0 | 0 | 7 |")
    expect(lines[3]).toBe("| Socket.IO as it comes | 400 | 100 (25 %) | 0 | 0 | 0 | 0 | 7 |")
    expect(lines[5]).toMatch(/^\*\*In this run a promise was broken\.\*\* `npm run it`/)
  })

  it("of brokers say what outlives which mishap, and whether that hangs on settings", () => {
    const brokers = [
      { name: "embedded", capabilities: { levels: ["disk"], trims: false, bus: "none" } },
      { name: "rabbitmq", capabilities: { levels: ["process"], trims: false, bus: "pub/sub" } },
      { name: "kafka", capabilities: { levels: ["memory", "quorum"], trims: true, bus: "log" } },
    ]
    const rows = (language: string) =>
      fill(block("brokers"), { brokers }, language)
        .split("\n")
        .slice(5, 8)
        .map((row) => row.split(" | ").slice(1, 6))
    expect(rows("en")).toEqual([
      ["`disk`", "kept", "kept", "may be lost", "nobody: there is none beside the state"],
      ["`process`", "kept", "may be lost", "may be lost", "the broker's retention alone"],
      ["`memory`, `quorum`", ...Array(3).fill("kept, if set up for it"), "the servers, behind snapshots"],
    ])
    expect(rows("zh-TW")[2]?.slice(0, 2)).toEqual(["`memory`、`quorum`", "設定得當才保留"])
    expect(() => fill(block("brokers"), { brokers: [{ ...brokers[0], name: "pulsar" }] }, "en")).toThrow("pulsar")
  })

  it("of mutation testing list every room, also one that was not run", () => {
    keep("mutation.json", { rooms: { limits: { date: "2026-01-02", killed: 80, timeout: 5, survived: 15, score: 85 } } })
    const rows = filled("mutation")
    expect(rows).toContain("| limits | 100 | 85 | 85.0 % | 2026-01-02 |")
    expect(rows).toContain("| resume |  |  | not run yet |  |")
  })
})

it.each(DEFECTS)("the planted defect $name is listed under what it breaks, $breaks", ({ breaks }) => {
  const name = breaks === "presence" ? "presence" : "guarantees"
  const page = readFileSync(fileURLToPath(new URL(`../docs/${name}.md`, import.meta.url)), "utf8")
  expect(page).toContain(`<!-- generated: planted-${breaks} -->`)
})

it.each(["README", "docs/guarantees", "docs/presence", "docs/http-api", "docs/config", "docs/cli", "docs/deploying", "docs/brokers"])(
  "%s shows the same parts in both languages",
  (page) => {
    const parts = (file: string) =>
      [...readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8").matchAll(/^<!-- generated: (\S+) -->$/gm)].map(
        ([, name]) => name,
      )
    expect(parts(`${page}.zh-TW.md`)).toEqual(parts(`${page}.md`))
    expect(parts(`${page}.md`).length).toBeGreaterThan(0)
  },
)
