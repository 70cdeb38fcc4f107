import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { expect, test } from "vitest"
import { PROCESS_TIMEOUT_MS } from "./process/magpie.ts"
import { runSnippets } from "./running-snippets.ts"
import { ROOT, snippetsOf, statesOf, temporaryDirectory, writeFiles } from "./snippets.ts"

const PATIENCE = { timeout: PROCESS_TIMEOUT_MS }
const PAGES = [...markdownIn("."), ...markdownIn("docs"), ...markdownIn("docs/decisions")]

test("every named snippet in the documents compiles, together with the files that its page has shown so far", PATIENCE, () => {
  const directory = temporaryDirectory("docs")
  try {
    const pages = PAGES.filter((page) => snippetsOf(page).length > 0)
    expect(pages).toContain("docs/getting-started.md")
    for (const page of pages) {
      for (const [index, files] of statesOf(snippetsOf(page)).entries()) {
        writeFiles(join(directory.path, `${basename(page, ".md")}-${index + 1}`), files)
      }
    }
    writeFileSync(
      join(directory.path, "tsconfig.json"),
      // Tests in documents import vitest, whose own types want `types: ["node"]`; the rest is what the repository checks itself with.
      JSON.stringify({ extends: join(ROOT, "tsconfig.json"), compilerOptions: { noUnusedLocals: false }, include: ["**/*"], exclude: [] }),
    )
    const { stdout, status } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", directory.path], { encoding: "utf8" })
    expect(stdout).toBe("")
    expect(status).toBe(0)
  } finally {
    directory.remove()
  }
})

test.each(["docs/getting-started.md", "docs/getting-started.zh-TW.md"])("the first server and client of %s run", async (page) => {
  const [first = new Map<string, string>()] = statesOf(snippetsOf(page))
  const { printed, close } = await runSnippets(first)
  await printed.line(/^1 \S+ 你好$/)
  await printed.line(/ 1.* memory$/)
  await printed.line("[]")
  await close()
})

test.each(["docs/messages-that-change.md", "docs/messages-that-change.zh-TW.md"])("the server and client of %s run", async (page) => {
  const [first = new Map<string, string>()] = statesOf(snippetsOf(page))
  const { printed, close } = await runSnippets(first)
  await printed.line("hello (edited)")
  await printed.line(/^鵲橋相會/)
  await close()
})

test.each(["docs/tables.md", "docs/tables.zh-TW.md"])("the server and client of %s run", async (page) => {
  const [first = new Map<string, string>()] = statesOf(snippetsOf(page))
  const { printed, close } = await runSnippets(first)
  await printed.line(/^MGP 9\.5 /)
  await printed.line(/^demo\/a 2 /)
  await close()
})

test.each(["docs/commands.md", "docs/commands.zh-TW.md"])("the server, the device and the client of %s run", async (page) => {
  const [first = new Map<string, string>()] = statesOf(snippetsOf(page))
  const { printed, close } = await runSnippets(first)
  await printed.line("sum 6")
  await printed.line("started")
  await printed.line("angle 90")
  await printed.line("stuck")
  await close()
})

test.each(["docs/documents.md", "docs/documents.zh-TW.md"])("the server and client of %s run", async (page) => {
  const [first = new Map<string, string>()] = statesOf(snippetsOf(page))
  const { printed, close } = await runSnippets(first)
  await printed.line("live")
  await printed.line("saved on memory")
  await close()
})

test.each(["docs/codecs.md", "docs/codecs.zh-TW.md"])("the server and client of %s run", async (page) => {
  const [first = new Map<string, string>()] = statesOf(snippetsOf(page))
  const { printed, close } = await runSnippets(first)
  await printed.line("3 readings")
  await close()
})

const TESTED_PAGES = ["docs/testing.md", "docs/testing.zh-TW.md", "docs/neighbours.md", "docs/neighbours.zh-TW.md"]

test("the tests that docs/testing.md, docs/neighbours.md and their translations show pass", PATIENCE, () => {
  const directory = temporaryDirectory("docs-run")
  try {
    for (const page of TESTED_PAGES)
      writeFiles(join(directory.path, basename(page, ".md")), new Map(snippetsOf(page).map(({ name, text }) => [name, text])))
    const conditions = JSON.stringify(["magpie-source"])
    writeFileSync(
      join(directory.path, "vitest.config.ts"),
      `export default { resolve: { conditions: ${conditions} }, ssr: { resolve: { conditions: ${conditions} } } }\n`,
    )
    const vitest = join(ROOT, "node_modules/vitest/vitest.mjs")
    const { stdout, stderr, status } = spawnSync(process.execPath, [vitest, "run", "--root", directory.path], { encoding: "utf8" })
    expect(status, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/Tests .*8 passed/)
  } finally {
    directory.remove()
  }
})

test.each(PAGES)("%s links only to files that exist", (page) => {
  const markdown = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "")
  const targets = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)
  const missing = targets.filter(
    (target) => !/^(?:https?:|#)/.test(target) && !existsSync(join(ROOT, dirname(page), target.replace(/#.*$/, ""))),
  )
  expect(missing).toEqual([])
})

function markdownIn(directory: string): string[] {
  const names = readdirSync(join(ROOT, directory)).filter((name) => name.endsWith(".md"))
  return names.map((name) => (directory === "." ? name : `${directory}/${name}`)).sort()
}
