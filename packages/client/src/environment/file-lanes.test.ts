import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test, vi } from "vitest"
import { LANES_CONFORMANCE } from "../lanes/lanes-conformance.fixture.ts"
import { openLanes } from "./file-lanes.ts"

const root = mkdtempSync(join(tmpdir(), "magpie-lanes-"))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true, force: true })
})

describe.each([
  ["with the kernel's lock", process.env.PATH],
  ["where there is no flock", "/nowhere"],
])("files %s", (way, path) => {
  test.each(LANES_CONFORMANCE)("$rule", async ({ rule, check }) => {
    vi.stubEnv("PATH", path)
    await check((name) => openLanes(join(root, name)), `${way} ${rule.slice(0, 40)}`.replaceAll(/\W/g, "-"))
  })
})

test("a process that is gone holds nothing, even where only its id says that it held the lane", async () => {
  vi.stubEnv("PATH", "/nowhere")
  const directory = join(root, "gone")
  const { writeFileSync } = await import("node:fs")
  await openLanes(directory).list("")
  // No process has this id: Linux gives out 4,194,304 at most.
  writeFileSync(join(directory, "lane-0.lock.pid"), "2000000000")
  const lane = await openLanes(directory).open(0)
  expect(lane?.rows.size).toBe(0)
  await lane?.close()
  expect(readdirSync(directory).sort()).toEqual(["lane-0.lock", "lane-0.log"])
})
