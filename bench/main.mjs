// Runs benchmarks by name. Started by scripts/bench.mjs, after everything is installed and built.
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { benchmarks } from "./benchmarks.mjs"
import { killAll, profileServersInto } from "./harness/child.mjs"
import { jsonLine, markdownTable, textTable } from "./harness/figures.mjs"
import { machineLine } from "./harness/machine.mjs"

const FIGURES_PAGE = fileURLToPath(new URL("../docs/figures.md", import.meta.url))
/** No benchmark takes so long, unless it says so itself; one that does has hung. */
const MAX_MS = { quick: 180_000, full: 300_000 }

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`)
const note = (/** @type {string} */ text) => process.stderr.write(`${text}\n`)

process.on("exit", killAll)
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130))

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    profile: { type: "string", default: "" },
  },
})

/** A name, or the beginning of one up to a slash. */
const chosen = benchmarks.filter(({ name }) => options.all || wanted.some((want) => name === want || name.startsWith(`${want}/`)))
if (chosen.length === 0 || (options.write && !options.all)) {
  note("npm run bench -- <name>… [--quick] [--json] [--profile <directory>]")
  note("npm run bench -- --all [--quick] [--json] [--write]      --write makes docs/figures.md")
  note(`names: ${benchmarks.map(({ name }) => name).join(", ")}`)
  process.exit(2)
}
if (options.profile !== "") profileServersInto(resolve(options.profile))

const machine = machineLine()
note(machine)
const figures = []
for (const { name, maxMs = MAX_MS.full, run } of chosen) {
  const limitMs = options.quick ? MAX_MS.quick : maxMs
  const hung = setTimeout(() => abandon(new Error(`not finished after ${limitMs / 1_000} s`), name), limitMs)
  const started = performance.now()
  try {
    const its = await run({ quick: options.quick })
    figures.push(...its)
    if (options.json) for (const figure of its) say(jsonLine(figure))
  } catch (failure) {
    abandon(failure, name)
  }
  clearTimeout(hung)
  note(`${name}: ${((performance.now() - started) / 1_000).toFixed(1)} s`)
}
if (!options.json) say(`\n${textTable(figures)}`)
if (options.write) writePage()
process.exit(0)

function abandon(/** @type {unknown} */ failure, /** @type {string} */ name) {
  note(`${name} failed: ${failure instanceof Error ? failure.stack : failure}`)
  process.exit(1)
}

function writePage() {
  const command = `npm run bench -- --all${options.quick ? " --quick" : ""} --write`
  const date = new Date().toISOString().slice(0, 10)
  const lines = [
    "# Figures",
    "",
    `Written by \`${command}\` on ${date}; change nothing here by hand. What each figure means and how fair it is stands in`,
    "[bench/README.md](../bench/README.md). Absolute values belong to this machine; the ratios were measured side by side.",
    "",
    machine,
    "",
    markdownTable(figures),
    "",
  ]
  mkdirSync(dirname(FIGURES_PAGE), { recursive: true })
  writeFileSync(FIGURES_PAGE, lines.join("\n"))
  note(`wrote ${FIGURES_PAGE}`)
}
