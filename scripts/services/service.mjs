// One broker or load balancer as a plain process on loopback, its data in a directory of the caller's.
import { spawn } from "node:child_process"
import { openSync, readFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"

/**
 * @typedef {object} Launch How it is started.
 * @property {string} command
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} [env] beside this process's own
 */

/**
 * @typedef {object} Place Where it runs, and what differs from its usual settings.
 * @property {number} port
 * @property {string} directory its own, and there
 * @property {Readonly<Record<string, string>>} [settings] of a broker as its configuration file has them; of what stands before
 *   nodes, `nodes` (addresses with ports, divided by commas), `plainPort` (for HTTP; `port` is for HTTPS), `links` ("spread": none
 *   of a link's requests is sent to its own node)
 */

/**
 * @typedef {object} Service
 * @property {string} name
 * @property {string} title
 * @property {true} [isFront] it stands before nodes
 * @property {() => string | undefined} missing says in a sentence what is not installed
 * @property {() => void} install
 * @property {(place: Place) => Launch | Promise<Launch>} launch writes what the broker reads, and says how to start it
 * @property {(port: number) => Promise<boolean>} answers whether it takes requests
 */

/**
 * @typedef {object} Running
 * @property {number} pid also of its process group
 * @property {Promise<void>} ended
 */

/** After that a service that does not answer has failed. A busy machine takes its time. */
const START_MS = 120_000
const POLL_MS = 100

/**
 * Starts a service and waits until it answers. Fails, with the end of its log, when it ends before.
 * @param {Service} service
 * @param {Place} place
 * @returns {Promise<Running>}
 */
export async function startService(service, place) {
  const { command, args, env } = await service.launch(place)
  const log = join(place.directory, "output.log")
  const output = openSync(log, "a")
  const child = spawn(command, args, {
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...env },
    cwd: place.directory,
  })
  let over = false
  const ended = new Promise((resolve) => {
    child.on("error", resolve)
    child.on("exit", resolve)
  }).then(() => {
    over = true
  })
  for (const since = performance.now(); !over; await pause()) {
    if (await service.answers(place.port)) {
      if (over) break
      child.unref()
      return { pid: /** @type {number} */ (child.pid), ended }
    }
    if (performance.now() - since > START_MS) break
  }
  signal(child.pid ?? 0, "SIGKILL")
  throw new Error(`${service.title} did not start on port ${place.port}:\n${readFileSync(log, "utf8").slice(-2_000)}`)
}

/** Sends a signal to a service and all that it has started. Says whether it was there. */
export function signal(/** @type {number} */ pid, /** @type {NodeJS.Signals | 0} */ name) {
  try {
    return pid > 1 && process.kill(-pid, name)
  } catch {
    return false
  }
}

/**
 * Whether something on a port answers a greeting as its protocol says.
 * @param {number} port
 * @param {Uint8Array | string} greeting
 * @param {(answer: Buffer) => boolean} accepts
 * @returns {Promise<boolean>}
 */
export function probe(port, greeting, accepts) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" })
    /** @type {Buffer[]} */
    const chunks = []
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(2_000, () => end(false))
    socket.on("connect", () => greeting.length > 0 && socket.write(greeting))
    socket.on("data", (chunk) => {
      chunks.push(chunk)
      if (accepts(Buffer.concat(chunks))) end(true)
    })
    socket.on("error", () => end(false))
    socket.on("close", () => end(false))
  })
}

/** A port of loopback that nobody listens on now. */
export function freePort() {
  return new Promise((/** @type {(port: number) => void} */ resolve, reject) => {
    const server = createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address())
      server.close(() => resolve(port))
    })
  })
}

export function pause(ms = POLL_MS) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
