import { contest, inTurns } from "../harness/contest.mjs"
import { figure } from "../harness/figures.mjs"

const CONNECTIONS = 200
const NAME = `echo/${CONNECTIONS}`
const LOAD = "echo/load.mjs"
const PIPELINED = 8

/**
 * Request and reply on 200 connections: Magpie's acknowledged publish, Socket.IO's acknowledged emit, an echo on `ws`.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const echo = {
  name: NAME,
  async run({ quick }) {
    const to = (/** @type {string} */ wire) => ({ wire, channel: "fan/echo", count: CONNECTIONS })
    const contenders = [
      { key: "magpie", server: "servers/magpie.mjs", load: LOAD, connect: to("magpie") },
      { key: "socket.io", server: "servers/socket-io.mjs", load: LOAD, connect: to("socket.io") },
      { key: "ws", server: "servers/naive-ws.mjs", load: LOAD, connect: { ...to("ws"), path: "/echo" } },
    ]
    const plan = (/** @type {number} */ inFlight) => ({
      rounds: quick ? 3 : 7,
      warmUpSeconds: quick ? 1.5 : 4,
      run: { inFlight, ms: quick ? 400 : 1_000 },
    })
    return contest(contenders, async (entrants) => {
      const single = await inTurns(entrants, plan(1))
      const several = await inTurns(entrants, plan(PIPELINED))
      return [...figures(NAME, single, 1.5), ...figures(`${NAME}/in-flight-${PIPELINED}`, several, undefined)]
    })
  },
}

/** @param {string} name @param {Record<string, any[]>} results @param {number | undefined} owedTimes */
function figures(name, results, owedTimes) {
  const rates = (/** @type {string} */ key) => results[key].map(({ replies, cpuSeconds }) => replies / cpuSeconds)
  const values = rates("magpie")
  const unit = "replies / CPU-s"
  return [
    figure({
      name,
      unit,
      values,
      peer: "socket.io",
      peerValues: rates("socket.io"),
      ...(owedTimes === undefined ? {} : { owed: { of: "ratio", atLeast: owedTimes } }),
    }),
    figure({ name, unit, values, peer: "ws", peerValues: rates("ws") }),
  ]
}
