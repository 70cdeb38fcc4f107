import { LOAD_CORE, SERVER_CORE, startChild } from "../harness/child.mjs"
import { figure } from "../harness/figures.mjs"

const CONNECTIONS = 5_000
/** Opened before the count begins, so that what every process needs once is not charged to the connections. */
const FIRST = 500
const NAME = `idle/${CONNECTIONS}`

const SERVERS = { magpie: "servers/magpie.mjs", "socket.io": "servers/socket-io.mjs", ws: "servers/naive-ws.mjs" }

/**
 * Resident memory of an open connection with session state and one subscription, after garbage collection.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const idle = {
  name: NAME,
  async run({ quick }) {
    /** @type {Record<string, { resident: number, heap: number }[]>} */
    const results = { magpie: [], "socket.io": [], ws: [] }
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const [key, module] of Object.entries(SERVERS)) results[key].push(await perConnection(module, key))
    }
    const values = results.magpie.map(({ resident }) => resident)
    const against = (/** @type {string} */ peer) => results[peer].map(({ resident }) => resident)
    const unit = "bytes / connection"
    return [
      figure({ name: NAME, unit, values, peer: "ws", peerValues: against("ws"), owed: { of: "value", atMost: 12 * 1_024 } }),
      figure({ name: NAME, unit, values, peer: "socket.io", peerValues: against("socket.io") }),
      figure({
        name: `${NAME}/heap`,
        unit,
        values: results.magpie.map(({ heap }) => heap),
        peer: "ws",
        peerValues: results.ws.map(({ heap }) => heap),
      }),
    ]
  },
}

/** A process of its own each time: memory that was once taken is not given back. */
async function perConnection(/** @type {string} */ module, /** @type {string} */ wire) {
  const server = await startChild(module, { core: SERVER_CORE, nodeFlags: ["--expose-gc"] })
  const load = await startChild("idle/load.mjs", { core: LOAD_CORE })
  try {
    const port = await server.ask("listen")
    await load.ask("connect", { port, wire, count: FIRST })
    const before = await server.ask("usage", { collect: true })
    await load.ask("connect", { port, wire, count: CONNECTIONS })
    const after = await server.ask("usage", { collect: true })
    return { resident: (after.rss - before.rss) / CONNECTIONS, heap: (after.heapUsed - before.heapUsed) / CONNECTIONS }
  } finally {
    await load.stop()
    await server.stop()
  }
}
