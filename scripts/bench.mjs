// `npm run bench -- <name> [--quick] [--json]`: installs bench/ at first use, builds what it measures, runs it.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const bench = join(root, "bench")

/** Runs a command; its output goes to standard error, so that standard output holds figures only. */
function prepare(/** @type {string} */ what, /** @type {string[]} */ args, /** @type {string} */ cwd) {
  const { status } = spawnSync("npm", args, { cwd, stdio: ["ignore", 2, 2] })
  if (status === 0) return
  console.error(`bench: ${what} failed`)
  process.exit(1)
}

// npm writes this file last, so half an install does not count.
const installed = existsSync(join(bench, "node_modules/.package-lock.json"))
if (!installed) prepare("the install of the peers", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], bench)
prepare("the build", ["run", "--silent", "build"], root)

const { status } = spawnSync(process.execPath, [join(bench, "main.mjs"), ...process.argv.slice(2)], { cwd: root, stdio: "inherit" })
process.exitCode = status ?? 1
