// `npm run chaos`: installs the peers at first use, builds the packages and tests/chaos, runs it. Its options are in tests/chaos/main.ts.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const bench = join(root, "bench")
const wanted = process.argv.slice(2)

/** Runs a command; its output goes to standard error, so that standard output holds results only. */
function prepare(/** @type {string} */ what, /** @type {string} */ command, /** @type {string[]} */ args, /** @type {string} */ cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: ["ignore", 2, 2] })
  if (status === 0) return
  console.error(`chaos: ${what} failed`)
  process.exit(1)
}

// npm writes this file last, so half an install does not count.
const installed = existsSync(join(bench, "node_modules/.package-lock.json"))
const peers = !["--kills", "--outbox", "--storm", "--stalled", "--hot", "--cluster"].some((alone) => wanted.includes(alone))
if (peers && !installed) prepare("the install of the peers", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], bench)
const tsc = join(root, "node_modules/.bin/tsc")
prepare("the build", tsc, ["-b", "tsconfig.build.json"], root)
prepare("the build of tests/chaos", tsc, ["-p", "tests/chaos/tsconfig.json"], root)

const main = join(root, "tests/chaos/dist/main.js")
const { status } = spawnSync(process.execPath, [main, ...wanted], { cwd: root, stdio: "inherit" })
process.exitCode = status ?? 1
