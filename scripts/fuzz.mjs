// `node scripts/fuzz.mjs --inputs N [--seed S] [--only a,b] [--json]`: feeds mutated inputs to everything that decodes.
// `--models N` runs the models of state machine, session and outbox so many times each, `--replay FILE` feeds one input again.
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { bundle } from "./fuzz/bundle.mjs"
import { runWorkers } from "./fuzz/workers.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
/** Large inputs whose allocations are measured. */
const MEASURED_INPUTS = 40

/**
 * @typedef {object} FuzzOptions
 * @property {number} inputs
 * @property {string | number} [seed]
 * @property {boolean} [json] the last line is the summary as JSON
 * @property {readonly string[]} [only] names of targets
 */

/**
 * Feeds so many inputs; prints what came of it and returns it. Failing inputs are written to files.
 * @param {FuzzOptions} options
 */
export async function fuzz({ inputs, seed = 1, json = false, only = [] }) {
  const say = (/** @type {string} */ line) => (json ? console.error(line) : console.log(line))
  say(`seed ${seed}, ${inputs.toLocaleString("en")} inputs`)
  const started = performance.now()
  const { main, worker } = bundle(root)
  const { counts, failures, hash } = await runWorkers({ worker, inputs, seed: String(seed), only, count: availableParallelism(), say })
  const { keep, measureAllocations, MOST_TIMES_THE_LIMIT } = await import(pathToFileURL(main).href)

  const allocations = (await measureAllocations(String(seed), MEASURED_INPUTS)).map(timesTheLimit)
  for (const { decoder, times, input } of allocations.filter(({ times }) => times > MOST_TIMES_THE_LIMIT)) {
    const problem = `takes at most ${MOST_TIMES_THE_LIMIT} times its limit from the heap, not ${times} times`
    failures.push({ target: decoder, seed: String(seed), index: -1, problem, input })
  }
  for (const failure of failures) say(`FAIL ${failure.target}: ${failure.problem}\n     ${write(failure, only, keep)}`)

  const seconds = Math.round((performance.now() - started) / 100) / 10
  const summary = {
    inputs,
    seed: String(seed),
    accepted: sum(counts, "accepted"),
    slowestMsPer64KiB: Math.max(0, ...Object.values(counts).map(({ slowestMs }) => round(slowestMs))),
    mostTimesTheLimit: Math.max(...allocations.map(({ times }) => times)),
    mostTimesInAll: Math.max(...allocations.map(({ timesInAll }) => timesInAll)),
    targets: Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, { ...count, slowestMs: round(count.slowestMs) }])),
    failures: failures.map(({ target, index, problem }) => ({ target, index, problem })),
    hash: hash.toString(36),
    seconds,
  }
  for (const [name, { inputs: fed, accepted, slowestMs }] of Object.entries(summary.targets)) {
    say(
      `${name.padEnd(19)} ${String(fed).padStart(9)} inputs ${String(accepted).padStart(9)} accepted ${slowestMs.toFixed(1).padStart(6)} ms at most`,
    )
  }
  say(
    `${failures.length === 0 ? "no promise was broken" : `${failures.length} promises were broken`} in ${seconds} s, hash ${summary.hash}`,
  )
  if (json) console.log(JSON.stringify(summary))
  return summary
}

/**
 * What the pages tell of a run.
 * @param {Awaited<ReturnType<typeof fuzz>>} summary
 */
export function figuresOf({ inputs, targets, failures, seconds, slowestMsPer64KiB, mostTimesTheLimit, mostTimesInAll }) {
  const counts = { inputs, targets: Object.keys(targets).length, failures: failures.length }
  return { ...counts, seconds, slowestMsPer64KiB, mostTimesTheLimit, mostTimesInAll }
}

/** @param {{ decoder: string, limitBytes: number, mostBytes: number, wholeBytes: number, input: string | Uint8Array }} allocation */
function timesTheLimit({ decoder, limitBytes, mostBytes, wholeBytes, input }) {
  return { decoder, times: round(mostBytes / limitBytes), timesInAll: round(wholeBytes / limitBytes), input }
}

/** @param {Record<string, Record<string, number>>} counts @param {string} field */
function sum(counts, field) {
  return Object.values(counts).reduce((total, count) => total + (count[field] ?? 0), 0)
}

function round(/** @type {number} */ value) {
  return Math.round(value * 100) / 100
}

/**
 * Writes a failing input, and returns the command that feeds it again.
 * @param {{ target: string, seed: string, index: number, problem: string, input?: string | Uint8Array }} failure
 * @param {readonly string[]} only
 * @param {(input: string | Uint8Array) => object} keep
 */
function write({ input, ...failure }, only, keep) {
  const folder = join(root, ".magpie", "fuzz")
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${failure.target}-${failure.seed}-${failure.index}.json`)
  writeFileSync(file, `${JSON.stringify({ ...failure, only, ...(input === undefined ? undefined : keep(input)) }, null, 2)}\n`)
  return `node scripts/fuzz.mjs --replay ${file.slice(root.length)}`
}

/** Feeds the input of a file again. Returns whether it breaks no promise any more. */
export async function replayFile(/** @type {string} */ file) {
  const { replay } = await import(pathToFileURL(bundle(root).main).href)
  const { outcome, problem, elapsedMs } = await replay(JSON.parse(readFileSync(file, "utf8")))
  console.log(problem === undefined ? `no promise is broken: ${outcome.slice(0, 500)}` : `FAIL ${problem}`)
  console.log(`${elapsedMs.toFixed(2)} ms for 64 KiB or less`)
  return problem === undefined
}

/** Runs the models of fast-check so many times each. Returns whether all held. */
export function runModels(/** @type {number} */ runs, /** @type {string | number} */ seed) {
  console.log(`seed ${seed}, ${runs.toLocaleString("en")} runs of each model`)
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", ".model.test", "--testTimeout=0", "--typecheck.enabled=false"]
  const env = { ...process.env, MODEL_RUNS: String(runs), MODEL_SEED: String(seed) }
  return spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" }).status === 0
}

async function main() {
  const { values } = parseArgs({
    options: {
      inputs: { type: "string" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      json: { type: "boolean", default: false },
      models: { type: "string" },
      replay: { type: "string" },
    },
  })
  if (values.replay !== undefined) return replayFile(values.replay)
  if (values.models !== undefined && !runModels(Number(values.models), values.seed)) return false
  if (values.models !== undefined && values.inputs === undefined) return true
  const only = values.only?.split(",") ?? []
  const { failures } = await fuzz({ inputs: Number(values.inputs ?? 1_000_000), seed: values.seed, json: values.json, only })
  return failures.length === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = (await main()) ? 0 : 1
