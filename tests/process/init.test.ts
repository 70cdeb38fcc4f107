import { execFile, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ROOT, temporaryDirectory } from "../snippets.ts"
import { until } from "./chat-pair.ts"
import { jsonLines, magpie, PROCESS_TIMEOUT_MS, startMagpie } from "./magpie.ts"

/** Inside the checkout, so that the project finds the packages without a download. */
const place = temporaryDirectory("init")
const project = join(place.path, "My Chat!")
let created: Awaited<ReturnType<typeof magpie>>
beforeAll(async () => {
  created = await magpie(["init", "My Chat!", "--json"], { cwd: place.path })
}, PROCESS_TIMEOUT_MS)
afterAll(() => place.remove())

/** Runs a tool of the checkout in the project. */
function tool(path: string, args: readonly string[]): Promise<{ readonly failed: boolean; readonly told: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, "node_modules", path), ...args], { cwd: project }, (error, out, err) =>
      resolve({ failed: error !== null, told: out + err }),
    )
  })
}

describe("magpie init", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("writes a project under the directory's name, with the packages of this version", () => {
    expect(created.code, created.err).toBe(0)
    const [{ files = [] } = {}] = jsonLines<{ files: readonly string[] }>(created.out)
    expect(files).toEqual(
      expect.arrayContaining([".gitignore", "package.json", "magpie.config.ts", "src/contract.ts", "test/chat.test.ts"]),
    )
    for (const file of files) expect(readFileSync(join(project, file), "utf8"), file).not.toContain("{{")
    const { name, dependencies, devDependencies } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"))
    expect(name).toBe("my-chat")
    const root = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))
    for (const [dependency, range] of Object.entries<string>({ ...dependencies, ...devDependencies })) {
      const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules", dependency, "package.json"), "utf8"))
      if (dependency.startsWith("@magpie/")) expect(range, dependency).toBe(`^${version}`)
      else if (root.devDependencies[dependency] !== undefined && dependency !== "vitest")
        expect(range, dependency).toBe(root.devDependencies[dependency])
    }
  })

  it("creates a test that passes", async () => {
    const conditions = JSON.stringify(["magpie-source"])
    const config = `export default { resolve: { conditions: ${conditions} }, ssr: { resolve: { conditions: ${conditions} } } }\n`
    writeFileSync(join(place.path, "vitest.config.mjs"), config)
    const { failed, told } = await tool("vitest/vitest.mjs", ["run", "--root", project, "--config", join(place.path, "vitest.config.mjs")])
    expect(failed, told).toBe(false)
    expect(told).toMatch(/Tests .*2 passed/)
  })

  it("creates code and a configuration in which nothing is wrong", async () => {
    const { stdout, status } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", project], { encoding: "utf8" })
    expect(stdout).toBe("")
    expect(status).toBe(0)
  })

  it("creates a page that can be built, and serves it", async () => {
    const { failed, told } = await tool("vite/bin/vite.js", ["build", "--logLevel", "warn"])
    expect(failed, told).toBe(false)
    expect(await magpie(["check"], { cwd: project })).toMatchObject({ code: 0 })
    const { child, out, ended } = startMagpie(["serve", "--port", "0", "--json"], { cwd: project })
    await until(() => out().includes("\n"))
    const [{ url = "" } = {}] = jsonLines<{ url: string }>(out())
    const page = await fetch(url.replace("ws:", "http:").replace("/magpie", "/"))
    expect(await page.text()).toContain("<title>my-chat</title>")
    child.kill("SIGTERM")
    expect((await ended).code).toBe(0)
  })

  it("overwrites nothing", async () => {
    writeFileSync(join(project, "README.md"), "mine\n")
    const again = await magpie(["init", "My Chat!"], { cwd: place.path })
    expect(again.code).toBe(2)
    expect(again.err).toContain("exists already")
    expect(readFileSync(join(project, "README.md"), "utf8")).toBe("mine\n")
  })
})
