// Several contenders measured in turns, so that whatever else the machine does meets all of them.
import { LOAD_CORE, SERVER_CORE, startChild } from "./child.mjs"

/**
 * @typedef {object} Contender a server and the load that is put on it
 * @property {string} key
 * @property {string} server module of the server's process
 * @property {readonly string[]} [args] of the server
 * @property {string} load module of the load's process
 * @property {object} connect what the load's `connect` is told besides the port
 *
 * @typedef {object} Entrant
 * @property {string} key
 * @property {import("./child.mjs").Child} server
 * @property {import("./child.mjs").Child} load
 */

/**
 * Starts all, hands them to `play`, and stops all.
 * @template T
 * @param {readonly Contender[]} contenders
 * @param {(entrants: readonly Entrant[]) => Promise<T>} play
 */
export async function contest(contenders, play) {
  /** @type {Entrant[]} */
  const entrants = []
  try {
    for (const { key, server: module, args, load: loadModule, connect } of contenders) {
      const server = await startChild(module, { core: SERVER_CORE, ...(args === undefined ? {} : { args }) })
      const load = await startChild(loadModule, { core: LOAD_CORE })
      entrants.push({ key, server, load })
      const port = await server.ask("listen")
      await load.ask("connect", { ...connect, port })
    }
    return await play(entrants)
  } finally {
    // The loads first: a link that its server ends is a failure.
    for (const { load } of entrants) await load.stop()
    for (const { server } of entrants) await server.stop()
  }
}

/**
 * One run of the load, from quiet to quiet, with the CPU time that the server spent on exactly that.
 * @param {Entrant} entrant
 * @param {object} run what the load's `run` is told
 * @param {string} [what] another of its functions
 */
export async function measure({ server, load }, run, what = "run") {
  const before = await server.ask("usage")
  const outcome = await load.ask(what, run)
  const after = await server.ask("usage")
  return { ...outcome, ...since(before, after), cpuSeconds: after.cpuSeconds - before.cpuSeconds }
}

/** The traffic in between, where the server counts any. */
function since(/** @type {any} */ before, /** @type {any} */ after) {
  if (after.bytes === undefined) return {}
  return { bytes: after.bytes - before.bytes, requests: after.requests - before.requests }
}

/** Of a busy core a server gets a share; it is warmed up for at most so many times as long by the clock. */
const MAX_STRETCH = 2

/**
 * Runs until the server's code has been compiled. A busy machine needs longer for that by the clock, so its CPU time counts.
 * @param {Entrant} entrant @param {number} cpuSeconds @param {object} run
 */
async function warmUp(entrant, cpuSeconds, run) {
  const started = performance.now()
  for (let spent = 0; spent < cpuSeconds && performance.now() - started < cpuSeconds * 1_000 * MAX_STRETCH; )
    spent += (await measure(entrant, run)).cpuSeconds
}

/**
 * Warms all up, then measures them in turns: A B C A B C … The results of each by its key.
 * @param {readonly Entrant[]} entrants
 * @param {{ rounds: number, warmUpSeconds: number, run: object }} plan
 * @returns {Promise<Record<string, any[]>>}
 */
export async function inTurns(entrants, { rounds, warmUpSeconds, run }) {
  for (const entrant of entrants) await warmUp(entrant, warmUpSeconds, run)
  /** @type {Record<string, any[]>} */
  const results = Object.fromEntries(entrants.map(({ key }) => [key, []]))
  for (let round = 0; round < rounds; round++) {
    for (const entrant of entrants) results[entrant.key].push(await measure(entrant, run))
  }
  return results
}
