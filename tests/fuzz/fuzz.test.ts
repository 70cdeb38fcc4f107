import { readFileSync } from "node:fs"
import { describe, expect, it, test } from "vitest"
import { MOST_TIMES_THE_LIMIT, measureAllocations } from "./allocation.ts"
import { campaign, inputOf } from "./campaign.ts"
import { FOUND } from "./found.ts"
import { keep, replay } from "./replay.ts"
import { shrink } from "./shrink.ts"
import { insist, type Target, textTarget } from "./target.ts"
import { allTargets } from "./targets/index.ts"
import { trial } from "./trial.ts"

const SEED = "npm test"
const INPUTS = 10_000
/** Many times what it takes, for a machine that is busy with other things. */
const PATIENCE = { timeout: 180_000 }

describe("everything that reads what others wrote", () => {
  test("[F44] [F46] [G11] answers 10,000 mutated inputs with a coded refusal or a value, in time, the same twice", PATIENCE, async () => {
    const { counts, failures } = await campaign({ seed: SEED, from: 0, to: INPUTS, only: [] })
    expect(failures).toEqual([])
    for (const [name, { inputs, accepted }] of Object.entries(counts)) {
      expect(inputs, name).toBeGreaterThan(10)
      if (name !== "client-session") expect(accepted, `${name}: some must get past the first check`).toBeGreaterThan(0)
    }
  })

  test("[F46] [G11] takes no more from the heap than a few times the limit, whatever an input of that length holds", PATIENCE, async () => {
    for (const { decoder, limitBytes, mostBytes, input } of await measureAllocations(SEED, 10)) {
      expect(mostBytes / limitBytes, `${decoder}: ${String(input).slice(0, 80)}`).toBeLessThanOrEqual(MOST_TIMES_THE_LIMIT)
    }
  })

  test.each(FOUND)("[G11] stands $what", async ({ target, input }) => {
    const { problem } = await replay({ target, seed: "", index: 0, only: [], problem: "", ...keep(input) })
    expect(problem).toBeUndefined()
  })
})

it.each(["docs/testing.md", "docs/testing.zh-TW.md"])("the table of %s names every target, and no other", async (page) => {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8")
  const table = /\n\| (?:target|目標) \|[\s\S]*?\n\n/.exec(text)?.[0] ?? ""
  const named = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) =>
    Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name),
  )
  expect(named.sort()).toEqual((await allTargets()).map(({ name }) => name).sort())
})

describe("the fuzzer", () => {
  test("makes the same inputs of a seed, alone or among others", async () => {
    const whole = await campaign({ seed: SEED, from: 0, to: 400, only: [] })
    const parts = [await campaign({ seed: SEED, from: 0, to: 150, only: [] }), await campaign({ seed: SEED, from: 150, to: 400, only: [] })]
    expect((parts[0]?.hash ?? 0) + (parts[1]?.hash ?? 0)).toBe(whole.hash + (whole.hash < (parts[0]?.hash ?? 0) ? 2 ** 32 : 0))
    expect(await inputOf(SEED, 7, [])).toEqual(await inputOf(SEED, 7, []))
    expect((await campaign({ seed: "another", from: 0, to: 400, only: [] })).hash).not.toBe(whole.hash)
  })

  test("makes an input of a file again from its text, its bytes, or its seed and number", async () => {
    const known = { seed: SEED, index: 7, only: [], problem: "" }
    const { target, input } = await inputOf(SEED, 7, [])
    const fed = await trial(target, input)
    for (const kept of [keep(input), {}]) {
      expect((await replay({ ...known, target: target.name, ...kept })).outcome).toBe(fed.outcome)
    }
    const row = (await allTargets()).find(({ name }) => name === "row") as Target
    const bytes = row.corpus[0] as Uint8Array
    const again = await replay({ ...known, target: "row", ...JSON.parse(JSON.stringify(keep(bytes))) })
    expect(again.outcome).toBe((await trial(row, bytes)).outcome)
    const half = JSON.parse(JSON.stringify(keep("a\ud83d")))
    expect(half.text).toBe("a\ud83d")
  })

  test.each([
    ["an error that nobody announced", (text: string) => (text.includes("x") ? String(JSON.parse("{")) : "fine"), /^threw SyntaxError/],
    ["a promise that does not hold", refusing(/x/), /^takes none of these$/],
    ["another answer the second time", answersOnce(), /^gives the same twice$/],
    ["an answer that comes too late", (text: string) => (text.includes("x") ? waste(80) : "fine"), /^takes at most 50 ms/],
    ["a rejection", (text: string) => (text.includes("x") ? Promise.reject(new RangeError("no")) : "fine"), /^threw RangeError: no/],
  ])("sees %s", async (_what, run, problem) => {
    const target = textTarget({ name: "sabotaged", share: 1, corpus: [], maxLength: 100, run })
    expect((await trial(target, "harmless")).problem).toBeUndefined()
    expect((await trial(target, `${"y".repeat(40)}x`)).problem).toMatch(problem)
  })

  test("shrinks an input to what breaks the promise", async () => {
    const target = textTarget({
      name: "sabotaged",
      share: 1,
      corpus: [],
      maxLength: 1_000,
      run: refusing(/a.*b/s),
    })
    expect(await shrink(target, `${"-".repeat(300)}a${"-".repeat(300)}b`, "takes none of these")).toBe("ab")
  })
})

function refusing(pattern: RegExp): (text: string) => string {
  return (text) => {
    insist(!pattern.test(text), "takes none of these")
    return "fine"
  }
}

function answersOnce(): (text: string) => string {
  let asked = 0
  return (text) => (text.includes("x") ? String(asked++) : "fine")
}

/** Keeps the processor busy for so long, as far as it is given to us. */
function waste(ms: number): string {
  const end = performance.now() + ms
  while (performance.now() < end);
  return "late"
}
