// What a machine can hold this repository to. `npm run check` runs all; `node scripts/check.mjs arrows cycles` runs some;
// with `--mutation` it asks instead whether the tests would notice a broken line (scripts/mutation.mjs).
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { arrows } from "./check/arrows.mjs"
import { cycles } from "./check/cycles.mjs"
import { docs } from "./check/docs.mjs"
import { faults } from "./check/faults.mjs"
import { globals } from "./check/globals.mjs"
import { lint } from "./check/lint.mjs"
import { machine } from "./check/machine.mjs"
import { openProject } from "./check/project.mjs"
import { size } from "./check/size.mjs"
import { tests } from "./check/tests.mjs"
import { types } from "./check/types.mjs"
import { unused } from "./check/unused.mjs"

/** In the order in which they run: `docs` reads what `types` has built. */
const CHECKS = [types, lint, arrows, globals, cycles, size, tests, unused, faults, docs, machine]

const [first, ...rest] = process.argv.slice(2)
if (first === "--mutation") {
  const script = fileURLToPath(new URL("mutation.mjs", import.meta.url))
  process.exit(spawnSync(process.execPath, [script, ...rest], { stdio: "inherit" }).status ?? 1)
}

const project = openProject(fileURLToPath(new URL("..", import.meta.url)))
const wanted = process.argv.slice(2)
const chosen = CHECKS.filter((check) => wanted.length === 0 || wanted.includes(check.name))
const unknown = wanted.filter((name) => !CHECKS.some((check) => check.name === name))
if (unknown.length > 0) {
  console.log(`no such check: ${unknown.join(", ")}; there are ${CHECKS.map((check) => check.name).join(", ")}`)
  process.exit(2)
}

let failed = 0
for (const check of chosen) {
  const started = performance.now()
  const { problems, notes } = await check(project)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const outcome = problems.length === 0 ? "ok  " : "FAIL"
  console.log(`${outcome} ${check.name.padEnd(8)} ${seconds} s${problems.length > 0 ? `, ${problems.length} to mend` : ""}`)
  for (const line of problems) console.log(`       ${line}`)
  for (const line of notes) console.log(`     · ${line}`)
  if (problems.length > 0) failed++
}
console.log(failed === 0 ? `all ${chosen.length} checks passed` : `${failed} of ${chosen.length} checks failed`)
process.exitCode = failed === 0 ? 0 : 1
