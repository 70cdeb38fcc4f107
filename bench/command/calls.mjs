import { contest, inTurns } from "../harness/contest.mjs"
import { figure } from "../harness/figures.mjs"

const CONNECTIONS = 200
const LOAD = "echo/load.mjs"
const PIPELINED = 8

/**
 * Calls that the server runs, each with its ledger, beside Socket.IO's acknowledged emits.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const commandCalls = {
  name: "command/calls",
  async run({ quick }) {
    const contenders = [
      {
        key: "magpie",
        server: "servers/magpie-commands.mjs",
        load: LOAD,
        connect: { wire: "magpie-call", channel: "", count: CONNECTIONS },
      },
      { key: "socket.io", server: "servers/socket-io.mjs", load: LOAD, connect: { wire: "socket.io", channel: "", count: CONNECTIONS } },
    ]
    const plan = (/** @type {number} */ inFlight) => ({
      rounds: quick ? 3 : 7,
      warmUpSeconds: quick ? 1.5 : 4,
      run: { inFlight, ms: quick ? 400 : 1_000 },
    })
    return contest(contenders, async (entrants) => {
      const single = await inTurns(entrants, plan(1))
      const several = await inTurns(entrants, plan(PIPELINED))
      return [rates("command/calls", single, 1.5), rates(`command/calls/in-flight-${PIPELINED}`, several)]
    })
  },
}

/** @param {string} name @param {Record<string, any[]>} results @param {number} [owedTimes] */
function rates(name, results, owedTimes) {
  const perCpuSecond = (/** @type {string} */ key) => results[key].map(({ replies, cpuSeconds }) => replies / cpuSeconds)
  return figure({
    name,
    unit: "calls / CPU-s",
    values: perCpuSecond("magpie"),
    peer: "socket.io",
    peerValues: perCpuSecond("socket.io"),
    ...(owedTimes === undefined ? {} : { owed: { of: "ratio", atLeast: owedTimes } }),
  })
}
