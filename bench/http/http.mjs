import { contest, inTurns } from "../harness/contest.mjs"
import { figure } from "../harness/figures.mjs"

const CONNECTIONS = 50
const LOAD = "http/load.mjs"

/**
 * Publishes by HTTP on connections that are kept: one a request, and a hundred; beside a server on node:http that parses the
 * same body and writes it back.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const http = {
  name: "http",
  async run({ quick }) {
    const figures = []
    for (const batch of [1, 100]) {
      const connect = { count: CONNECTIONS, batch }
      const contenders = [
        { key: "magpie", server: "servers/magpie.mjs", load: LOAD, connect },
        { key: "node:http", server: "servers/http-echo.mjs", load: LOAD, connect },
      ]
      const plan = { rounds: quick ? 3 : 7, warmUpSeconds: quick ? 1.5 : 4, run: { ms: quick ? 400 : 1_000 } }
      const results = await contest(contenders, (entrants) => inTurns(entrants, plan))
      const rates = (/** @type {string} */ key) => results[key].map(({ replies, cpuSeconds }) => (replies * batch) / cpuSeconds)
      const name = `http/publish-${batch}`
      figures.push(
        figure({ name, unit: "publishes / CPU-s", values: rates("magpie"), peer: "node:http echo", peerValues: rates("node:http") }),
      )
    }
    return figures
  },
}
