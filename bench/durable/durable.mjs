import { LOAD_CORE, SERVER_CORE, startChild } from "../harness/child.mjs"
import { temporaryDirectory } from "../harness/directory.mjs"
import { figure } from "../harness/figures.mjs"

const PUBLISHERS = 100
const NAME = `durable/c${PUBLISHERS}`
/** A publisher is a caller that waits for its acknowledgement; many share a connection, as a back end's do. */
const SHARED_CONNECTIONS = 10
const STEADY_PER_SECOND = 1_000

/**
 * Publishes that are on the disk when they are acknowledged, by wall clock: 100 at a time over 10 connections, and over 100
 * connections with one each; against 100 writers on bare LMDB, and against the shortest server on `ws` that puts what it
 * gets into LMDB.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const durable = {
  name: NAME,
  async run({ quick }) {
    const disk = temporaryDirectory()
    /** @type {import("../harness/child.mjs").Child[]} */
    const children = []
    const start = async (/** @type {string} */ module, /** @type {number} */ core) => {
      const child = await startChild(module, { core, args: [disk.path] })
      children.push(child)
      return child
    }
    try {
      const bare = await start("durable/bare-lmdb.mjs", SERVER_CORE)
      const log = await start("durable/in-process-log.mjs", SERVER_CORE)
      const server = await start("servers/magpie.mjs", SERVER_CORE)
      const load = await start("echo/load.mjs", LOAD_CORE)
      const port = await server.ask("listen")
      await load.ask("connect", { port, wire: "magpie", channel: "log/one-each", count: PUBLISHERS })
      const shared = await start("echo/load.mjs", LOAD_CORE)
      await shared.ask("connect", { port, wire: "magpie", channel: "log/shared", count: SHARED_CONNECTIONS })
      const naive = await start("servers/naive-ws-lmdb.mjs", SERVER_CORE)
      const naiveLoad = await start("echo/load.mjs", LOAD_CORE)
      await naiveLoad.ask("connect", { port: await naive.ask("listen"), wire: "ws", channel: "", count: PUBLISHERS })
      return figures(await play({ bare, log, server, load, shared, naive, naiveLoad }, quick))
    } finally {
      // The load last started, first stopped: a link that its server ends is a failure.
      for (const child of children.reverse()) await child.stop()
      disk.remove()
    }
  },
}

/** @typedef {Record<"bare" | "log" | "server" | "load" | "shared" | "naive" | "naiveLoad", import("../harness/child.mjs").Child>} Children */

async function play(/** @type {Children} */ { bare, log, server, load, shared, naive, naiveLoad }, /** @type {boolean} */ quick) {
  /** Each returns publishes per second. */
  const ways = {
    lmdb: async (/** @type {number} */ ms) => perSecond(await bare.ask("run", { writers: PUBLISHERS, ms })),
    product: (/** @type {number} */ ms) => throughSockets(server, shared, "shared", ms, PUBLISHERS / SHARED_CONNECTIONS),
    oneEach: (/** @type {number} */ ms) => throughSockets(server, load, "one-each", ms, 1),
    wsAndLmdb: (/** @type {number} */ ms) => throughSockets(naive, naiveLoad, "one-each", ms, 1),
    inProcess: async (/** @type {number} */ ms) => perSecond(await log.ask("run", { writers: PUBLISHERS, ms })),
  }
  for (const way of Object.values(ways)) await way(quick ? 800 : 1_500)
  const rates = { lmdb: [], product: [], oneEach: [], wsAndLmdb: [], inProcess: [] }
  for (let round = 0; round < (quick ? 3 : 5); round++) {
    for (const [key, way] of Object.entries(ways)) rates[/** @type {keyof typeof rates} */ (key)].push(await way(quick ? 700 : 2_000))
  }
  const steady = await load.ask("pace", { ms: quick ? 2_000 : 5_000, perSecond: STEADY_PER_SECOND })
  await everythingIsThere(server, "one-each", steady.total)
  return { rates, steady }
}

const perSecond = (/** @type {{ writes: number, seconds: number }} */ { writes, seconds }) => writes / seconds

/** @param {Children["server"]} server @param {Children["load"]} load @param {string} channel @param {number} ms @param {number} inFlight */
async function throughSockets(server, load, channel, ms, inFlight) {
  const { replies, seconds, total } = await load.ask("run", { ms, inFlight })
  await everythingIsThere(server, channel, total)
  return replies / seconds
}

/** @param {Children["server"]} server @param {string} channel @param {number} acknowledged */
async function everythingIsThere(server, channel, acknowledged) {
  const stored = await server.ask("newestOffset", channel)
  if (stored !== acknowledged) throw new Error(`${acknowledged} publishes were acknowledged and ${stored} are stored`)
}

/** @param {Awaited<ReturnType<typeof play>>} results */
function figures({ rates, steady }) {
  const peer = { unit: "publishes / s", peer: "lmdb", peerValues: rates.lmdb }
  const steadyName = `${NAME}/at-${STEADY_PER_SECOND}-per-s`
  return [
    figure({ name: NAME, values: rates.product, ...peer, owed: { of: "ratio", atLeast: 0.5 } }),
    figure({ name: `${NAME}/one-each`, values: rates.oneEach, ...peer }),
    figure({ name: `${NAME}/one-each`, values: rates.oneEach, unit: peer.unit, peer: "ws + lmdb", peerValues: rates.wsAndLmdb }),
    figure({ name: `${NAME}/in-process`, values: rates.inProcess, ...peer }),
    figure({ name: `${steadyName}/latency-p50`, unit: "ms", values: [steady.p50] }),
    figure({ name: `${steadyName}/latency-p99`, unit: "ms", values: [steady.p99], owed: { of: "value", atMost: 10 } }),
  ]
}
