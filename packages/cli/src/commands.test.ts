import { describe, expect, it } from "vitest"
import { command, duration, flag, option, repeated, type Surroundings, text, wholeNumber } from "./command.ts"
import { COMMANDS } from "./commands.ts"
import { helpOf, helpOfAll } from "./help.ts"
import { parseCall } from "./parse-call.ts"
import { styleFor } from "./surroundings.ts"

const PLAIN = styleFor({}, false)

function surroundings(env: Readonly<Record<string, string>> = {}): Surroundings {
  const never = new AbortController().signal
  return { env, cwd: ".", print: () => {}, note: () => {}, style: PLAIN, lines: () => (async function* () {})(), stopped: never }
}

describe("the table of commands", () => {
  it.each(COMMANDS)("says of $name what the command says of itself", async ({ name, summary, load }) => {
    const loaded = await load()
    expect(loaded).toMatchObject({ name, summary })
    const help = helpOf(loaded, PLAIN)
    expect(help).toContain(`Usage: magpie ${name}`)
    for (const { about } of [...Object.values(loaded.options), ...loaded.arguments]) expect(help).toContain(about)
    expect(helpOfAll(COMMANDS, "1.2.3", PLAIN)).toContain(summary)
    const shorts = Object.values(loaded.options).flatMap(({ short }) => short ?? [])
    expect(new Set(shorts).size).toBe(shorts.length)
    expect(parseCall(loaded, ["--help"], surroundings())).toEqual({ help: true })
  })
})

describe("a call", () => {
  const sample = command({
    name: "sample",
    summary: "a sample",
    arguments: [
      { name: "first", about: "the first" },
      { name: "second", about: "the second", optional: true, choices: ["a", "b"] },
    ],
    options: {
      loud: flag("loudly", "l"),
      maxCount: option("count", "how many", { short: "n", env: ["MAGPIE_COUNT", "COUNT"], parse: wholeNumber(1, 10) }),
      wait: option("duration", "how long", { parse: duration }),
      tag: repeated("name", "a tag"),
      name: option("name", "a name", { parse: text }),
      nick: option("name", "another name", { env: ["MAGPIE_NICK"], insteadOf: ["name"], parse: text }),
    },
    run: async () => 0,
  })
  const read = (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const parsed = parseCall(sample, words, surroundings(env))
    return parsed.help ? "help" : { ...(parsed.call.options as object), words: parsed.call.arguments, json: parsed.call.json }
  }

  it("has its options with their types, in any order", () => {
    expect(read(["-l", "x", "--max-count=3", "--tag", "one", "b", "--tag", "two", "--wait", "15m", "--json"])).toEqual({
      loud: true,
      maxCount: 3,
      wait: 900_000,
      tag: ["one", "two"],
      name: undefined,
      words: ["x", "b"],
      json: true,
    })
    expect(read(["x", "--", "b"])).toMatchObject({ loud: false, maxCount: undefined, tag: [], words: ["x", "b"], json: false })
    expect(read(["x", "-n", "1", "-n", "2"])).toMatchObject({ maxCount: 2 })
  })

  it("takes from the environment what was not written", () => {
    expect(read(["x"], { COUNT: "4" })).toMatchObject({ maxCount: 4 })
    expect(read(["x"], { COUNT: "4", MAGPIE_COUNT: "5" })).toMatchObject({ maxCount: 5 })
    expect(read(["x", "-n", "6"], { MAGPIE_COUNT: "5" })).toMatchObject({ maxCount: 6 })
  })

  it("takes nothing from the environment in whose place something was written", () => {
    expect(read(["x"], { MAGPIE_NICK: "al" })).toMatchObject({ nick: "al" })
    expect(read(["x", "--name", "ada"], { MAGPIE_NICK: "al" })).toMatchObject({ name: "ada", nick: undefined })
    expect(read(["x", "--name", "ada", "--nick", "ally"])).toMatchObject({ name: "ada", nick: "ally" })
  })

  it.each([
    [[], "magpie sample needs <first>"],
    [["x", "c"], "<second> is one of a, b"],
    [["x", "a", "y"], 'takes no "y"'],
    [["x", "--max-count", "11"], "--max-count:"],
    [["x", "--max-count", ""], "--max-count:"],
    [["x", "--wait", "15"], '--wait: "15" is no duration'],
    [["x", "--unknown"], "--unknown"],
    [["x", "--name"], "name"],
    [["x", "--loud=yes"], "loud"],
  ] as const)("is refused where it is %j", (words, told) => {
    expect(() => read(words)).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(told) }))
  })

  it("names the variable that is wrong", () => {
    expect(() => read(["x"], { COUNT: "many" })).toThrowError(/INVALID_OPTIONS: COUNT: "many" is no whole number/)
  })
})

describe("colour", () => {
  it("is there on a terminal alone, and not where somebody asked for none", () => {
    const isPainted = (env: Readonly<Record<string, string>>, isTerminal: boolean) => styleFor(env, isTerminal).good("x") !== "x"
    expect(isPainted({ TERM: "xterm" }, true)).toBe(true)
    expect(isPainted({ TERM: "xterm", NO_COLOR: "" }, true)).toBe(true)
    expect(isPainted({ TERM: "xterm", NO_COLOR: "1" }, true)).toBe(false)
    expect(isPainted({ TERM: "dumb" }, true)).toBe(false)
    expect(isPainted({ TERM: "xterm" }, false)).toBe(false)
  })
})
