// `npm run sim`: the real client and server code under faults that a seed decides. See docs/simulation.md.
import { rmSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { bundleSimulation } from "./sim/bundle.mjs"
import { explore } from "./sim/explore.mjs"
import { keepFuzz } from "./sim/keep.mjs"
import { runPlanted } from "./sim/planted.mjs"
import { replay } from "./sim/replay.mjs"

const USAGE = `npm run sim -- [options]
  --seeds N        how many seeds to run (default 200)
  --seed S         the first of them (default 1)
  --steps N        events after which a seed counts as a livelock (default 400000)
  --transports     clients with every transport, which change among them as the network lets them
  --tables         clients write a table, too
  --commands       a device beside the rest, which is told what to do
  --planted        plant each known defect and see it caught, instead
  --only NAME      with --planted: this defect alone
  --fuzz N         feed N hostile inputs to every decoder, instead
  --replay FILE    run a plan that was kept, event by event
  --write          keep the figures, of seeds, planted defects or inputs, in docs/simulation.json
  --json           end with one line of JSON`

const root = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    steps: { type: "string" },
    transports: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
    commands: { type: "boolean", default: false },
    planted: { type: "boolean", default: false },
    only: { type: "string" },
    fuzz: { type: "string" },
    replay: { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

/** @returns {never} */
function refuse(/** @type {string} */ why) {
  console.error(`${why}\n\n${USAGE}`)
  return process.exit(2)
}

/** @returns {number} */
function count(/** @type {string} */ name, /** @type {string | undefined} */ text) {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 1 ? value : refuse(`--${name} must be a whole number of at least 1`)
}

/** @returns {Promise<boolean>} whether everything held */
async function main() {
  if (values.help) {
    console.log(USAGE)
    return true
  }
  const { json, write, only, transports, tables, commands, replay: kept } = values
  if (write && kept !== undefined) refuse("--write keeps the figures of seeds, of planted defects or of inputs")
  if (write && (transports || tables || commands)) refuse("--write keeps the figures of runs without --transports, --tables and --commands")
  if (values.fuzz !== undefined) {
    const { figuresOf, fuzz } = await import("./fuzz.mjs")
    const summary = await fuzz({ inputs: count("fuzz", values.fuzz), seed: String(count("seed", values.seed)), json })
    if (write) console.error(`kept in ${await keepFuzz(root, figuresOf(summary))}`)
    return summary.failures.length === 0
  }
  const seeds = count("seeds", values.seeds)
  const first = count("seed", values.seed)
  const maxSteps = values.steps === undefined ? undefined : count("steps", values.steps)
  if (values.planted) return runPlanted({ root, json, write, only, first })
  const bundle = await bundleSimulation(root)
  try {
    if (kept !== undefined) return await replay(bundle, kept)
    return await explore({ bundle, root, plans: { transports, tables, commands }, seeds, first, maxSteps, json, write })
  } finally {
    rmSync(dirname(bundle), { recursive: true, force: true })
  }
}

process.exitCode = (await main()) ? 0 : 1
