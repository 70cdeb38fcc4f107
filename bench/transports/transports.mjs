import { contest, inTurns } from "../harness/contest.mjs"
import { figure } from "../harness/figures.mjs"

const CLIENTS = 50
const PER_SECOND = 20
const LOAD = "transports/load.mjs"
const MAGPIE = "servers/magpie-transports.mjs"
const SOCKET_IO = "servers/socket-io-transports.mjs"
const OWN = ["websocket", "sse", "long-poll"]
/** What each of ours is held against. */
const PEERS = { websocket: "socket.io websocket", sse: undefined, "long-poll": "socket.io polling" }

/**
 * The same small room over each transport, with each side's own client: latency at a steady rate, bytes on the wire with all
 * headers, CPU of the server; then the same clients with nothing to say.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const transports = {
  name: "transports",
  async run({ quick }) {
    const contenders = [
      ...OWN.map((key) => ({ key, server: MAGPIE, load: LOAD, connect: { wire: key, count: CLIENTS } })),
      ...["websocket", "polling"].map((kind) => ({
        key: `socket.io ${kind}`,
        server: SOCKET_IO,
        args: [kind],
        load: LOAD,
        connect: { wire: `socket.io ${kind}`, count: CLIENTS },
      })),
    ]
    const run = { perSecond: PER_SECOND, ms: quick ? 2_000 : 3_000 }
    return contest(contenders, async (entrants) => {
      const busy = await inTurns(entrants, { rounds: quick ? 3 : 5, warmUpSeconds: quick ? 0.5 : 1.5, run })
      const idle = await restAll(entrants, quick ? 25_000 : 45_000)
      return OWN.flatMap((key) => figures(key, busy, idle))
    })
  },
}

/** All of them at once: who does nothing disturbs nobody. */
async function restAll(/** @type {readonly import("../harness/contest.mjs").Entrant[]} */ entrants, /** @type {number} */ ms) {
  const usageOf = (/** @type {import("../harness/contest.mjs").Entrant} */ { server }) => server.ask("usage")
  const before = await Promise.all(entrants.map(usageOf))
  await new Promise((resolve) => setTimeout(resolve, ms))
  const after = await Promise.all(entrants.map(usageOf))
  const perClientMinute = (/** @type {number} */ value) => (value * 60_000) / ms / CLIENTS
  return Object.fromEntries(
    entrants.map(({ key }, index) => {
      const [was, is] = [before[index], after[index]]
      return [key, { cpuMs: perClientMinute((is.cpuSeconds - was.cpuSeconds) * 1_000), bytes: perClientMinute(is.bytes - was.bytes) }]
    }),
  )
}

/**
 * @param {"websocket" | "sse" | "long-poll" | string} key
 * @param {Record<string, any[]>} busy
 * @param {Record<string, { cpuMs: number, bytes: number }>} idle
 */
function figures(key, busy, idle) {
  const peer = PEERS[/** @type {keyof typeof PEERS} */ (key)]
  const one = (
    /** @type {string} */ what,
    /** @type {string} */ unit,
    /** @type {(outcome: any) => number} */ of,
    /** @type {Record<string, any[]>} */ results = busy,
  ) =>
    figure({
      name: `transports/${key}/${what}`,
      unit,
      values: results[key].map(of),
      ...(peer === undefined ? {} : { peer, peerValues: results[peer].map(of) }),
    })
  const resting = Object.fromEntries(Object.entries(idle).map(([name, outcome]) => [name, [outcome]]))
  return [
    one("p50", "ms", ({ p50 }) => p50),
    one("p99", "ms", ({ p99 }) => p99),
    one("bytes", "bytes / message", ({ bytes, deliveries }) => bytes / deliveries),
    ...(key === "websocket" ? [] : [one("requests", "requests / message", ({ requests, deliveries }) => requests / deliveries)]),
    one("cpu", "CPU-ms / 1,000 messages", ({ cpuSeconds, deliveries }) => (cpuSeconds * 1e6) / deliveries),
    one("idle-cpu", "CPU-ms / client and minute", ({ cpuMs }) => cpuMs, resting),
    one("idle-bytes", "bytes / client and minute", ({ bytes }) => bytes, resting),
  ]
}
