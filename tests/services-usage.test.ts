import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const SCRIPT = fileURLToPath(new URL("../scripts/services.mjs", import.meta.url))
const run = (...options: readonly string[]) => spawnSync(process.execPath, [SCRIPT, ...options], { encoding: "utf8" })

it("`npm run services` says how it is used to who asks, and to who says nothing that it knows", () => {
  const help = run("--help")
  expect([help.status, help.stderr]).toEqual([0, ""])
  expect(help.stdout).toMatch(/^npm run services -- up\|down\|status .*\n$/)
  for (const wrong of [run(), run("sideways"), run("up", "down")]) {
    expect([wrong.status, wrong.stdout, wrong.stderr]).toEqual([2, "", help.stdout])
  }
})

it("`npm run services` refuses an option that it does not know in one line", () => {
  const { status, stdout, stderr } = run("status", "--no-such-option")
  expect([status, stdout]).toEqual([2, ""])
  expect(stderr).toMatch(/^.*--no-such-option.*\n$/)
})
