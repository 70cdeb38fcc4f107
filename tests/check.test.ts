import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"

type Report = { readonly problems: readonly string[]; readonly notes: readonly string[] }
type Check = (project: unknown, ...rest: unknown[]) => Report

const script = (name: string) => import(new URL(`../scripts/${name}.mjs`, import.meta.url).href)
const { openProject } = (await script("check/project")) as { openProject: (root: string) => unknown }
const check = async (name: string) => ((await script(`check/${name}`)) as Record<string, Check>)[name] as Check
const checks = {
  arrows: await check("arrows"),
  globals: await check("globals"),
  cycles: await check("cycles"),
  size: await check("size"),
  tests: await check("tests"),
  faults: await check("faults"),
  machine: await check("machine"),
}

const ARCHITECTURE = `# How
## The arrows
\`\`\`arrows
packages/protocol ->
packages/server -> packages/protocol # a comment
packages/testing -> packages/protocol, packages/server
apps/* -> packages/server
\`\`\`
\`\`\`tools
packages/testing
\`\`\`
\`\`\`shells
packages/server/src/node
\`\`\`
## The rooms
`
const manifest = (name: string, fields: object = {}) =>
  JSON.stringify({ name: `@magpie/${name}`, exports: { ".": { default: "./dist/index.js" } }, ...fields })
const dependencies = { "@magpie/protocol": "0.1.0", ws: "^8" }

/** A small repository in which every check passes; each test spoils one file of it. */
const GOOD: Readonly<Record<string, string>> = {
  "ARCHITECTURE.md": ARCHITECTURE,
  "docs/faults.md": "| # |\n| 1 | A | server | a fault |\n| 2 | B | server | another |\n",
  "package-lock.json": '{ "packages": {} }',
  "packages/protocol/package.json": manifest("protocol"),
  "packages/protocol/src/index.ts": 'export { a } from "./a.ts"\n',
  "packages/protocol/src/a.ts": "export const a = 1\n",
  "packages/server/package.json": manifest("server", { dependencies, imports: { "#env": "./src/node/env.ts" } }),
  "packages/server/src/index.ts": 'import { a } from "@magpie/protocol"\nexport const b = a\n',
  "packages/server/src/node/env.ts": 'import { readFileSync } from "node:fs"\nexport const now = () => Date.now() + readFileSync.length\n',
  "packages/server/src/b.test.ts": 'import { it } from "vitest"\nit("[F1] [G1] works", () => {})\n',
  "packages/testing/package.json": manifest("testing", { dependencies: { "@magpie/server": "0.1.0" } }),
  "apps/show/package.json": manifest("show", { private: true, dependencies: { "@magpie/server": "0.1.0" } }),
  "apps/show/src/main.ts": 'import { b } from "@magpie/server"\nexport const c = b\n',
}

let root: string | undefined

afterEach(() => {
  if (root !== undefined) rmSync(root, { recursive: true })
  root = undefined
})

/** The good repository with some files replaced, added, or (undefined) left out. */
function project(changes: Readonly<Record<string, string | undefined>> = {}): unknown {
  root = mkdtempSync(join(tmpdir(), "magpie-check-"))
  execFileSync("git", ["init", "-q"], { cwd: root })
  for (const [path, text] of Object.entries({ ...GOOD, ...changes })) {
    if (text === undefined) continue
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return openProject(root)
}

const problems = (name: keyof typeof checks, changes: Readonly<Record<string, string>>) => checks[name](project(changes)).problems
/** What a check says about this text in a deciding file of the server. */
const inServer = (name: keyof typeof checks, text: string) => problems(name, { "packages/server/src/x.ts": text })

it.each(Object.keys(checks) as (keyof typeof checks)[])("%s finds nothing in a good repository", (name) => {
  expect(checks[name](project()).problems).toEqual([])
})

describe("arrows", () => {
  it.each([
    ["an arrow that is not drawn", "packages/protocol/src/a.ts", 'import { b } from "@magpie/server"\nexport const a = b', "not declared"],
    ["a type over an arrow that is not drawn", "packages/protocol/src/a.ts", 'export type { B } from "@magpie/server"', "not declared"],
    ["another package by a relative path", "packages/server/src/x.ts", 'export * from "../../protocol/src/a.ts"', "leaves packages/server"],
    ["a sub-path that is not exported", "packages/server/src/x.ts", 'export * from "@magpie/protocol/dist/a.js"', "does not export"],
    ["a package that is not declared", "packages/server/src/x.ts", 'import z from "zod"\nexport { z }', '"zod" is not declared'],
    ["an import() of one", "packages/server/src/x.ts", 'export const z = import("zod")', '"zod" is not declared'],
    ["a # name that package.json does not know", "packages/server/src/x.ts", 'export * from "#else"', "imports"],
    ["a package that imports itself by name", "packages/server/src/x.ts", 'export * from "@magpie/server"', "itself"],
    [
      "an app that reaches into a package",
      "apps/show/src/main.ts",
      'export * from "../../../packages/server/src/index.ts"',
      "leaves apps/show",
    ],
  ])("goes red for %s", (_name, path, text, why) => {
    const found = problems("arrows", { [path]: text })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`${path}:1: `)
    expect(found[0]).toContain(why)
  })

  it("goes red for a declared package whose arrow is not drawn, the testing package among them", () => {
    const declared = manifest("server", { dependencies: { ...dependencies, "@magpie/testing": "0.1.0" } })
    const text = 'export * from "@magpie/testing"'
    const found = problems("arrows", { "packages/server/package.json": declared, "packages/server/src/x.ts": text })
    expect(found).toEqual([expect.stringContaining("packages/server -> packages/testing is no arrow")])
  })

  it("goes red for a picture with a circle, or with an arrow to a tool", () => {
    const circle = ARCHITECTURE.replace("packages/protocol ->", "packages/protocol -> packages/server")
    expect(problems("arrows", { "ARCHITECTURE.md": circle })[0]).toContain("circle")
    const tool = ARCHITECTURE.replace("apps/* ->", "apps/* -> packages/testing,")
    expect(problems("arrows", { "ARCHITECTURE.md": tool })).toEqual([expect.stringContaining("nothing shipped imports it")])
  })

  it("goes red for a room that the picture does not have", () => {
    const found = problems("arrows", { "packages/extra/package.json": manifest("extra"), "packages/extra/src/index.ts": "export {}" })
    expect(found).toEqual([expect.stringContaining("packages/extra is not in the picture")])
  })

  it("lets a test import what it needs, and takes a name of package.json's imports", () => {
    expect(problems("arrows", { "packages/protocol/src/a.test.ts": 'import "@magpie/server"\nimport "zod"' })).toEqual([])
    expect(inServer("arrows", 'export * from "#env"')).toEqual([])
  })
})

describe("globals", () => {
  it.each([
    ["a clock", "export const t = Date.now()", "Date"],
    ["a type of the world", "export type T = Date | string", "Date"],
    ["performance", "export const t = performance.now()", "performance"],
    ["Math.random", "export const r = Math.random()", "Math.random"],
    ["Math.random in brackets", 'export const r = Math["random"]()', "Math.random"],
    ["Math.random taken apart", "export const { random } = Math", "Math.random"],
    ["a timer", "setTimeout(() => {}, 1)", "setTimeout"],
    ["a microtask", "queueMicrotask(() => {})", "queueMicrotask"],
    ["the process", "export const e = process.env.X", "process"],
    ["the process, shorthand", "export const e = { process }", "process"],
    ["the console", "console.log(1)", "console"],
    ["a socket's type", "export function f(s: WebSocket) { return s }", "WebSocket"],
    ["fetch handed on", "export const f = [fetch]", "fetch"],
    ["the global crypto", "export const c = crypto.randomUUID()", "crypto"],
    ["globalThis", 'export const d = globalThis["Da" + "te"]', "globalThis"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
    ["a global inside a template", "export const t = `${Date.now()}`", "Date"],
    [
      "a global beside a local of another function",
      "function f(process: number) { return process }\nexport const p = [f, process]",
      "process",
    ],
    ["a module of Node", 'import { readFileSync } from "node:fs"\nexport { readFileSync }', "node:fs"],
    ["a type of Node", 'import type { Socket } from "node:net"\nexport type S = Socket', "node:net"],
  ])("goes red for %s", (_name, text, what) => {
    expect(inServer("globals", text)).toEqual([expect.stringContaining(`: ${what} belongs to the shells`)])
  })

  it.each([
    ["comments and texts", "// Date.now()\n/* process.env */\nexport const t = 'console.log' + `fetch`"],
    ["a regular expression", "export const r = /Date|process/"],
    ["names after a dot", "export const f = (env: { crypto: { process: number } }) => env.crypto.process"],
    [
      "keys of objects, classes and types",
      "export class A { fetch = 1\n process() { return { console: 1 } } }\nexport type T = { Date: number }",
    ],
    ["a parameter of that name", "export const f = (crypto: { a: number }, { fetch }: { fetch: number }) => crypto.a + fetch"],
    ["a variable of that name", "export function f() { const process = 1; return () => process }"],
    ["an import of that name", 'import { process } from "./a.ts"\nexport const p = process'],
    ["the rest of Math", "export const m = Math.max(1, Math.floor(2))"],
    ["a parameter of a function's type", "export type F = (process: number) => void"],
  ])("takes %s", (_name, text) => {
    expect(inServer("globals", text)).toEqual([])
  })

  it("lets shells and tests touch the world", () => {
    const world = 'import "node:fs"\nconsole.log(Date.now(), process.pid)'
    expect(problems("globals", { "packages/server/src/node/deep/x.ts": world, "packages/server/src/x.test.ts": world })).toEqual([])
    expect(problems("globals", { "packages/server/src/node-like/x.ts": world })).toHaveLength(4)
  })
})

describe("cycles", () => {
  const ring = (first: string) => ({
    "packages/server/src/x.ts": first,
    "packages/server/src/y.ts": 'export * from "./z.ts"',
    "packages/server/src/z.ts": 'export * from "./x.ts"',
  })

  it("goes red for files that import each other in a circle, once", () => {
    const found = problems("cycles", ring('export * from "./y.ts"'))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain("x.ts -> packages/server/src/y.ts -> packages/server/src/z.ts -> packages/server/src/x.ts")
  })

  it("goes red for an import of a type that still loads the module", () => {
    expect(problems("cycles", ring('import { type Y } from "./y.ts"\nexport type X = Y'))).toHaveLength(1)
  })

  it("does not count an import that is gone at run time", () => {
    expect(problems("cycles", ring('import type { Y } from "./y.ts"\nexport type X = Y'))).toEqual([])
  })
})

describe("size", () => {
  const lines = (count: number) => "export {}\n".repeat(count)

  it("goes red for 301 lines, not for 300, and not for tests", () => {
    expect(inServer("size", lines(301))).toEqual([expect.stringContaining("301 lines")])
    expect(inServer("size", lines(300))).toEqual([])
    expect(problems("size", { "packages/server/src/x.test.ts": lines(400) })).toEqual([])
  })

  it("takes a longer file that is listed with a reason, and goes red when the reason is gone", () => {
    const longer = { "packages/server/src/x.ts": "a table" }
    expect(checks.size(project({ "packages/server/src/x.ts": lines(301) }), longer).problems).toEqual([])
    expect(checks.size(project(), longer).problems).toEqual([expect.stringContaining("no longer over 300")])
  })

  it("notes a function of more than 50 lines without going red", () => {
    const report = checks.size(project({ "packages/server/src/x.ts": `export function long() {\n${"  void 0\n".repeat(50)}}\n` }))
    expect(report).toEqual({ problems: [], notes: ["packages/server/src/x.ts:1: long has 52 lines"] })
  })
})

describe("tests", () => {
  const inTest = (text: string) => problems("tests", { "packages/server/src/x.test.ts": text })

  it.each([
    ["it.only", 'it.only("a", () => {})'],
    ["describe.skip", 'describe.skip("a", () => {})'],
    ["test.skip.each", 'test.skip.each([1])("a", () => {})'],
    ["it.todo", 'it.todo("a")'],
    ["xit", 'xit("a", () => {})'],
    ["a wait by setTimeout", "await new Promise((resolve) => setTimeout(resolve, 10))"],
    ["a wait by sleep", 'import { setTimeout as sleep } from "node:timers/promises"\nawait sleep(5)'],
    ["a hidden wait", "globalThis.setTimeout(() => {}, 1)"],
  ])("goes red for %s", (_name, text) => {
    expect(inTest(text)).toHaveLength(1)
  })

  it("takes a fake clock's sleep, a text about .only, and real waits outside packages", () => {
    expect(inTest('clock.sleep(5)\nit("runs it.only(1)", () => {})\nlist.only()')).toEqual([])
    expect(problems("tests", { "tests/x.test.ts": "setTimeout(() => {}, 1)" })).toEqual([])
  })
})

describe("faults", () => {
  const inTest = (name: string) => problems("faults", { "packages/server/src/x.test.ts": `it(${JSON.stringify(name)}, () => {})` })

  it("goes red for a number that does not exist, a range, and several in one pair of brackets", () => {
    for (const id of ["[F3]", "[F0]", "[G13]", "[F1–F2]", "[F1, F2]", "[F1-2]"]) expect(inTest(`${id} works`), id).toHaveLength(1)
    expect(inTest("[F1] [F2] [G12] works in [brackets] of [X7]")).toEqual([])
  })

  it("notes what has no test, by section", () => {
    const { notes } = checks.faults(project())
    expect(notes[0]).toBe("faults A: 1 of 1 have a test")
    expect(notes[1]).toBe("faults B: 0 of 1 have a test; none: 2")
    expect(notes[2]).toMatch(/^guarantees: 1 of 12 have a test; none: G2 /)
  })

  it("reads names from it.each, describe and templates, but not from comments", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source under test
    const text = 'describe("[F2] all", () => { it.each([1])(`[G2] %s ${1}`, () => {}) }) // it("[F9]")'
    const { problems: found, notes } = checks.faults(project({ "tests/x.test.ts": text }))
    expect(found).toEqual([])
    expect(notes[1]).toBe("faults B: 1 of 1 have a test")
    expect(notes[2]).toMatch(/none: G3 /)
  })
})

describe("machine", () => {
  it("goes red for a path of this checkout, of a home, for a download address and a registry", () => {
    const home = ["/ho", "me/ada/src/x"].join("")
    const registry = ["https://", "registry.example.org/x.tgz"].join("")
    expect(problems("machine", { "notes.md": `see ${home}` })).toHaveLength(1)
    expect(problems("machine", { ".npmrc": `x=${registry}` })).toHaveLength(1)
    expect(problems("machine", { "package-lock.json": '{ "resolved": "https://example.org/a.tgz" }' })).toHaveLength(1)
    const opened = project()
    writeFileSync(join(root ?? "", "docs/faults.md"), `see ${root}/docs`)
    expect(checks.machine(opened).problems).toEqual([expect.stringContaining("docs/faults.md:1: a path of this machine")])
  })
})
