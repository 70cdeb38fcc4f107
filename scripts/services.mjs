// `npm run services -- up|down|status`: real brokers, NGINX and HAProxy as plain processes on loopback. `up` without ports takes free
// ones for all that are installed, and says which. `--nodes` says where the nodes are that NGINX and HAProxy stand before.
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { SERVICES } from "./services/all.mjs"
import { NODES } from "./services/front.mjs"
import { freePort, pause, signal, startService } from "./services/service.mjs"

const STOP_MS = 30_000
const PORTS = SERVICES.map(({ name }) => `[--${name} PORT]`).join(" ")
const USAGE = `npm run services -- up|down|status ${PORTS} [--nodes HOST:PORT,…] [--directory DIR] [--install]`

const { values, positionals } = readOptions()
const directory = String(values.directory)
const record = join(directory, "running.json")

/** @typedef {{ port: number, pid: number }} Entry */

const commands = { up, down, status }
const command = commands[/** @type {keyof typeof commands} */ (positionals[0])]
if (values.help) console.log(USAGE)
else if (command === undefined || positionals.length > 1) {
  console.error(USAGE)
  process.exitCode = 2
} else await command()

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...Object.fromEntries(SERVICES.map(({ name }) => [name, { type: /** @type {const} */ ("string") }])),
        nodes: { type: "string", default: NODES },
        directory: { type: "string", default: join(tmpdir(), "magpie-services") },
        install: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(2)
  }
}

async function up() {
  const named = SERVICES.filter(({ name }) => values[name] !== undefined)
  const wanted = named.length > 0 ? named : SERVICES
  const running = read()
  for (const service of wanted) {
    if (isRunning(running[service.name])) {
      console.log(`${service.title} runs already, on port ${running[service.name]?.port}`)
      continue
    }
    if (service.missing() !== undefined && values.install) service.install()
    const missing = service.missing()
    if (missing !== undefined) {
      console.log(`${service.title} is left out: ${missing}; with --install it is installed`)
      if (named.length > 0) process.exitCode = 1
      continue
    }
    const port = values[service.name] === undefined ? await freePort() : Number(values[service.name])
    const settings = service.isFront ? { nodes: String(values.nodes) } : {}
    const place = { port, directory: join(directory, service.name), settings }
    mkdirSync(place.directory, { recursive: true })
    const { pid } = await startService(service, place)
    running[service.name] = { port, pid }
    write(running)
    console.log(
      `${service.title} answers on ${service.isFront ? "https://" : ""}127.0.0.1:${port}${service.isFront ? ` for ${values.nodes}` : ""}`,
    )
  }
}

async function down() {
  const running = read()
  for (const { name, title } of SERVICES) {
    const entry = running[name]
    if (entry !== undefined && isRunning(entry)) {
      signal(entry.pid, "SIGTERM")
      for (const since = performance.now(); isRunning(entry); await pause()) {
        if (performance.now() - since > STOP_MS) signal(entry.pid, "SIGKILL")
      }
      console.log(`${title} is stopped`)
    }
    delete running[name]
    write(running)
  }
  rmSync(directory, { recursive: true, force: true })
}

function status() {
  const running = read()
  for (const { name, title, missing } of SERVICES) {
    const entry = running[name]
    if (isRunning(entry)) console.log(`${title.padEnd(9)} 127.0.0.1:${entry?.port}`)
    else console.log(`${title.padEnd(9)} ${missing() ?? "is installed and does not run"}`)
  }
}

/** A process with this id that was started from our directory: ids are given out again. */
function isRunning(/** @type {Entry | undefined} */ entry) {
  if (entry === undefined || !signal(entry.pid, 0)) return false
  try {
    return readlinkSync(`/proc/${entry.pid}/cwd`).startsWith(realpathSync(directory))
  } catch {
    return !existsSync("/proc/self")
  }
}

/** @returns {Record<string, Entry>} */
function read() {
  return existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {}
}

function write(/** @type {Record<string, Entry>} */ running) {
  mkdirSync(directory, { recursive: true })
  writeFileSync(record, `${JSON.stringify(running)}\n`)
}
