// `node scripts/mutation.mjs [room …] [--survivors] [--write] [--json]`: breaks the code of each room in small ways, one after the
// other, and asks the tests that cover it. Fails below 80 %. `--write` keeps the figures in docs/mutation.json.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))
const folder = join(root, "tests", "mutation")
const figures = join(root, "docs", "mutation.json")
export const LEAST_SCORE = 80

/** @typedef {{ file: string, line: number, column: number, mutatorName: string, replacement: string, status: string }} Mutant */
/** @typedef {{ date: string, killed: number, survived: number, timeout: number, score: number }} Room */

/**
 * Runs the rooms of those names, or all; returns whether each has the least score.
 * @param {{ rooms?: readonly string[], survivors?: boolean, write?: boolean, json?: boolean }} [options]
 */
export async function mutation({ rooms = [], survivors = false, write = false, json = false } = {}) {
  const say = (/** @type {string} */ line) => (json ? console.error(line) : console.log(line))
  const { ROOMS } = await import(join(folder, "rooms.mjs"))
  const unknown = rooms.filter((name) => ROOMS[name] === undefined)
  if (unknown.length > 0) throw new RangeError(`no such room: ${unknown.join(", ")}; there are ${Object.keys(ROOMS).join(", ")}`)
  install()
  /** @type {Record<string, Room>} */
  const scores = {}
  for (const name of rooms.length > 0 ? rooms : Object.keys(ROOMS)) {
    const mutants = run(name)
    const room = scoreOf(mutants)
    scores[name] = room
    // At once, so that a run that is broken off leaves what it found.
    if (write) keep(name, room)
    say(`${name.padEnd(14)} ${room.score.toFixed(1)} % (${room.killed} killed, ${room.timeout} timed out, ${room.survived} survived)`)
    if (survivors) for (const line of survivorsOf(mutants)) say(`  ${line}`)
  }
  if (json) console.log(JSON.stringify({ rooms: scores }))
  return Object.values(scores).every(({ score }) => score >= LEAST_SCORE)
}

function install() {
  // npm writes this file last, so half an install does not count.
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return
  const { status } = spawnSync("npm", ["ci", "--loglevel=error"], { cwd: folder, stdio: ["ignore", 2, 2] })
  if (status !== 0) throw new Error("the install of StrykerJS failed")
}

/** @returns {readonly Mutant[]} */
function run(/** @type {string} */ name) {
  const { status, stdout } = spawnSync(process.execPath, [join(folder, "run.mjs"), name], {
    cwd: root,
    stdio: ["ignore", "pipe", 2],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`the room ${name} could not be mutated:\n${stdout}`)
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "[]")
}

/** @returns {Room} */
function scoreOf(/** @type {readonly Mutant[]} */ mutants) {
  const count = (/** @type {string[]} */ ...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length
  const [killed, timeout, survived] = [count("Killed"), count("Timeout"), count("Survived", "NoCoverage")]
  const date = new Date().toISOString().slice(0, 10)
  return { date, killed, survived, timeout, score: Math.round(((killed + timeout) / (killed + timeout + survived)) * 1_000) / 10 }
}

function survivorsOf(/** @type {readonly Mutant[]} */ mutants) {
  return mutants
    .filter(({ status }) => status === "Survived" || status === "NoCoverage")
    .map(({ file, line, column, mutatorName, replacement, status }) => {
      const path = file.slice(file.indexOf("packages/"))
      return `${path}:${line}:${column} ${status} ${mutatorName}: ${replacement.replace(/\s+/g, " ").slice(0, 100)}`
    })
}

/** The other rooms keep their figures, each with its own date. */
function keep(/** @type {string} */ name, /** @type {Room} */ room) {
  const known = existsSync(figures) ? JSON.parse(readFileSync(figures, "utf8")).rooms : {}
  writeFileSync(figures, `${JSON.stringify({ rooms: { ...known, [name]: room } }, null, 2)}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { survivors: { type: "boolean" }, write: { type: "boolean" }, json: { type: "boolean" } },
  })
  process.exitCode = (await mutation({ rooms: positionals, ...values })) ? 0 : 1
}
