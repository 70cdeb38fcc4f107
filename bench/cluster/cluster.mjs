import { LOAD_CORE, startChild } from "../harness/child.mjs"
import { inTurns } from "../harness/contest.mjs"
import { temporaryDirectory } from "../harness/directory.mjs"
import { figure } from "../harness/figures.mjs"
import { installed, startBroker } from "./brokers.mjs"
import { startGroup } from "./node-group.mjs"

const NODES = 3
const SUBSCRIBERS = 501
const LOAD = "fanout/load.mjs"
/** How many times Socket.IO over the same Redis is owed. */
const OWED = 5
const PEER = "socket.io"

/** @typedef {{ key: string, server: any, load: import("../harness/child.mjs").Child }} Entrant */

/**
 * Three nodes over each broker that is installed, 501 subscribers spread over them, one publisher; beside it Socket.IO with its
 * adapter for Redis streams, over the same Redis.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const cluster = {
  name: "cluster",
  async run({ quick }) {
    const directory = temporaryDirectory()
    const figures = []
    try {
      for (const broker of installed()) {
        // Without its peer a broker's figures stand alone.
        if (quick && broker !== "redis") continue
        figures.push(...(await runOver(broker, quick, directory.path)))
      }
      return figures
    } finally {
      directory.remove()
    }
  },
}

/** @param {string} broker @param {boolean} quick @param {string} directory */
async function runOver(broker, quick, directory) {
  const { port, stop } = await startBroker(broker, directory)
  /** @type {Entrant[]} */
  const entrants = []
  const enter = async (/** @type {string} */ key, /** @type {any} */ server, /** @type {string} */ wire, /** @type {string} */ channel) => {
    const load = await startChild(LOAD, { core: LOAD_CORE })
    entrants.push({ key, server, load })
    await load.ask("connect", { ports: server.ports, wire, channel, subscribers: SUBSCRIBERS })
  }
  try {
    const magpie = await startGroup(
      "servers/magpie-cluster.mjs",
      Array.from({ length: NODES }, (_, node) => [broker, port, `node-${node}`]),
    )
    await enter("stream", magpie, "magpie", "log/one")
    await enter("broadcast", magpie, "magpie", "fan/one")
    if (broker === "redis") {
      const peer = await startGroup("servers/socket-io.mjs", new Array(NODES).fill([port]))
      await enter(PEER, peer, "socket.io", "fan/one")
    }
    const plan = { rounds: quick ? 3 : 5, warmUpSeconds: quick ? 1 : 3 }
    const ms = quick ? 500 : 1_500
    const many = await inTurns(entrants, { ...plan, run: { window: 32, ms } })
    const alone = await inTurns(entrants, { ...plan, warmUpSeconds: 0, run: { window: 1, ms } })
    return figuresOf(broker, many, alone)
  } finally {
    for (const { load } of entrants) await load.stop()
    for (const server of new Set(entrants.map((each) => each.server))) await server.stop()
    await stop()
  }
}

/** @param {string} broker @param {Record<string, any[]>} many @param {Record<string, any[]>} alone */
function figuresOf(broker, many, alone) {
  const rates = (/** @type {string} */ key) => many[key].map(({ deliveries, cpuSeconds }) => deliveries / cpuSeconds)
  const times = (/** @type {string} */ key, /** @type {"p50" | "p99"} */ part) => alone[key].map((result) => result[part])
  const beside = (/** @type {(key: string) => number[]} */ values) => (broker === "redis" ? { peer: PEER, peerValues: values(PEER) } : {})
  return ["stream", "broadcast"].flatMap((key) => [
    figure({
      name: `cluster/${broker}/${key}`,
      unit: "deliveries / CPU-s",
      values: rates(key),
      ...beside(rates),
      ...(broker === "redis" ? { owed: { of: "ratio", atLeast: OWED } } : {}),
    }),
    ...["p50", "p99"].map((part) =>
      figure({
        name: `cluster/${broker}/${key}/latency-${part}`,
        unit: "ms",
        values: times(key, /** @type {"p50" | "p99"} */ (part)),
        ...beside((peer) => times(peer, /** @type {"p50" | "p99"} */ (part))),
      }),
    ),
  ])
}
