// Real processes, real sockets, real faults. Started by scripts/chaos.mjs, after everything is built.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { seededRandom } from "@magpie/testing"
import { BROKERS } from "./cluster/brokers.ts"
import { CONTENDERS } from "./contenders/contenders.ts"
import { killAll, profileServersInto } from "./process/child.ts"
import { commandOf, thisMachine } from "./record.ts"
import { figureTable, jsonLine, machineLine, textTable, writeRecord } from "./report.ts"
import type { Scenario } from "./scenario.ts"
import { cluster } from "./scenarios/cluster.ts"
import { hot } from "./scenarios/hot.ts"
import { kills } from "./scenarios/kills.ts"
import { outbox } from "./scenarios/outbox.ts"
import { stalled } from "./scenarios/stalled.ts"
import { storm } from "./scenarios/storm.ts"
import { traffic } from "./scenarios/traffic.ts"
import { secret } from "./token.ts"

const USAGE = `npm run chaos                        a chat while links and the server fail, beside Socket.IO
npm run chaos -- --kills 500         durable publishing while the server is killed again and again
npm run chaos -- --outbox 100000     sends through outboxes on the disk, while their tabs and the server are killed
npm run chaos -- --storm 10000       so many clients whose links are cut in one moment
npm run chaos -- --stalled           subscribers that read nothing
npm run chaos -- --hot 50000         one channel that so many follow
npm run chaos -- --cluster           three nodes over each broker that is installed, behind NGINX, while all of them fail
options: --seed <text>, --quick, --json, --write (docs/chaos.json), --profile <directory> (of servers),
  of the chat --seconds <number>, --clients <number>, --only <${Object.keys(CONTENDERS).join(" | ")}>, of --stalled --readers <number>,
  of --cluster --only <${Object.keys(BROKERS).join(" | ")}>`

/** The repository, seen from where the build puts this file. */
const ROOT = new URL("../../../", import.meta.url)

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const note = (text: string): void => void process.stderr.write(`${text}\n`)

function refuse(why: string): never {
  note(`chaos: ${why}\n${USAGE}`)
  process.exit(2)
}

function readOptions() {
  const text = { type: "string" } as const
  const flag = { type: "boolean", default: false } as const
  const sizes = { kills: text, outbox: text, storm: text, hot: text, clients: text, readers: text, seconds: text }
  try {
    return parseArgs({
      options: { ...sizes, stalled: flag, cluster: flag, seed: text, only: text, profile: text, quick: flag, json: flag, write: flag },
    }).values
  } catch (failure) {
    return refuse(failure instanceof Error ? failure.message : String(failure))
  }
}

const options = readOptions()

function numberOf(name: "kills" | "outbox" | "storm" | "hot" | "clients" | "readers" | "seconds"): number | undefined {
  const text = options[name]
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) refuse(`--${name} must be a number above 0`)
  return value
}

function chosen(): { readonly scenario: Scenario; readonly size: number | undefined } {
  if (options.kills !== undefined) return { scenario: kills, size: numberOf("kills") }
  if (options.outbox !== undefined) return { scenario: outbox, size: numberOf("outbox") }
  if (options.storm !== undefined) return { scenario: storm, size: numberOf("storm") }
  if (options.hot !== undefined) return { scenario: hot, size: numberOf("hot") }
  if (options.cluster) return { scenario: cluster, size: numberOf("clients") }
  if (options.stalled) return { scenario: stalled, size: numberOf("readers") }
  return { scenario: traffic, size: numberOf("clients") }
}

/** On the disk that holds the repository: a temporary folder may be in memory, where nothing is ever synced. */
function makeDirectory(): string {
  const data = fileURLToPath(new URL("tests/chaos/dist/data/", ROOT))
  mkdirSync(data, { recursive: true })
  return mkdtempSync(join(data, "run-"))
}

const { scenario, size } = chosen()
if (options.only !== undefined && !Object.hasOwn(scenario === cluster ? BROKERS : CONTENDERS, options.only))
  refuse(`--only: there is no "${options.only}"`)
if (options.profile !== undefined) profileServersInto(resolve(options.profile))
// Before any child is started, so that all of them have it.
secret()
const directory = makeDirectory()
process.on("exit", () => {
  killAll()
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130))

const { quick, only, seed = String(Date.now() % 1_000_000) } = options
const how = { seed, random: seededRandom(seed), quick, only, size, seconds: numberOf("seconds"), directory, note }
note(`${scenario.title}; seed ${seed}\n${machineLine(thisMachine())}`)
const limitMs = scenario.limitMs(how)
setTimeout(() => {
  note(`chaos: not finished after ${limitMs / 1_000} s; seed ${seed}`)
  process.exit(1)
}, limitMs)

const outcome = await scenario.run(how)
if (options.json) for (const figure of outcome.figures) say(jsonLine(figure))
else say(`\n${outcome.table ? textTable(outcome.table) : figureTable(outcome.figures)}\n`)
const { broken } = outcome
for (const promise of broken) note(`BROKEN: ${promise}`)
note(broken.length === 0 ? "every promise was kept" : `seed ${seed}`)
if (options.write) {
  writeRecord(fileURLToPath(new URL("docs/chaos.json", ROOT)), scenario.name, commandOf("chaos"), outcome)
}
process.exit(broken.length === 0 ? 0 : 1)
