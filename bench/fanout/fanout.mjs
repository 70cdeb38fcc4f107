import { contest, inTurns } from "../harness/contest.mjs"
import { temporaryDirectory } from "../harness/directory.mjs"
import { figure } from "../harness/figures.mjs"

const SUBSCRIBERS = 500
const LOAD = "fanout/load.mjs"

/** What is owed by window: how many times Socket.IO, and how many times a naive loop over `ws`. */
const OWED = { 32: { "socket.io": 20 }, 1: { ws: 1 } }

/**
 * One channel, 500 subscribers, 200 bytes, one publisher that keeps `window` messages in flight.
 * @param {1 | 32} window
 * @returns {import("../benchmarks.mjs").Benchmark}
 */
export function fanout(window) {
  const name = `fanout/1x${SUBSCRIBERS}/w${window}`
  return {
    name,
    async run({ quick }) {
      const disk = temporaryDirectory()
      try {
        return figures(name, window, await play(window, quick, disk.path))
      } finally {
        disk.remove()
      }
    },
  }
}

/** @param {1 | 32} window @param {boolean} quick @param {string} directory */
function play(window, quick, directory) {
  const magpie = { server: "servers/magpie.mjs", load: LOAD }
  const to = (/** @type {string} */ wire, /** @type {string} */ channel) => ({ wire, channel, subscribers: SUBSCRIBERS })
  const contenders = [
    { key: "magpie", ...magpie, connect: to("magpie", "fan/one") },
    { key: "socket.io", server: "servers/socket-io.mjs", load: LOAD, connect: to("socket.io", "fan/one") },
    { key: "stream", ...magpie, connect: to("magpie", "log/one") },
    { key: "ws", server: "servers/naive-ws.mjs", load: LOAD, connect: to("ws", "fan/one") },
    { key: "stream-lmdb", ...magpie, args: [directory], connect: to("magpie", "log/one") },
  ]
  const ms = quick ? 400 : 1_500
  const plan = { rounds: quick ? 3 : 7, warmUpSeconds: quick ? 1 : 3, run: { window, ms } }
  return contest(contenders, (entrants) => inTurns(entrants, plan))
}

/** @param {string} name @param {1 | 32} window @param {Record<string, any[]>} results */
function figures(name, window, results) {
  const unit = "deliveries / CPU-s"
  const rates = (/** @type {string} */ key) => results[key].map(({ deliveries, cpuSeconds }) => deliveries / cpuSeconds)
  const against = (/** @type {string} */ suffix, /** @type {string} */ key, /** @type {string} */ peer) => {
    const times = suffix === "" ? /** @type {Record<string, number>} */ (OWED[window])[peer] : undefined
    return figure({
      name: `${name}${suffix}`,
      unit,
      values: rates(key),
      peer,
      peerValues: rates(peer),
      ...(times === undefined ? {} : { owed: { of: "ratio", atLeast: times } }),
    })
  }
  const latency = (/** @type {"p50" | "p99"} */ part, /** @type {string} */ peer) =>
    figure({
      name: `${name}/latency-${part}`,
      unit: "ms",
      values: results.magpie.map((result) => result[part]),
      peer,
      peerValues: results[peer].map((result) => result[part]),
      ...(window === 1 && part === "p99" && peer === "ws" ? { owed: { of: "ratio", atMost: 1 } } : {}),
    })
  return [
    against("", "magpie", "socket.io"),
    against("", "magpie", "ws"),
    against("/stream", "stream", "socket.io"),
    against("/stream-lmdb", "stream-lmdb", "socket.io"),
    latency("p50", "ws"),
    latency("p99", "ws"),
    latency("p99", "socket.io"),
  ]
}
