import { contest, inTurns, measure } from "../harness/contest.mjs"
import { figure } from "../harness/figures.mjs"
import { createSampledRooms } from "./sampled-room.mjs"

/** Two servers hold them at once; a quick run has fewer. */
const MEMBERS = { full: 10_000, quick: 1_000 }
/** In this process: as many as one machine has no links for. */
const SAMPLED = { full: 100_000, quick: 10_000 }
const SMALL = 100
const WATCHERS = 500
const PER_SECOND = 200
const NAME = "presence"
const LOAD = "presence/load.mjs"

/**
 * A room that many are in and some hundred watch, while members come and go; and what a first look at it costs.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const presence = {
  name: NAME,
  async run({ quick }) {
    const members = quick ? MEMBERS.quick : MEMBERS.full
    const to = (/** @type {string} */ wire) => ({ wire, members, watchers: WATCHERS })
    const contenders = [
      { key: "magpie", server: "servers/magpie.mjs", load: LOAD, connect: to("magpie") },
      { key: "socket.io", server: "servers/socket-io.mjs", load: LOAD, connect: to("socket.io") },
    ]
    const figures = await contest(contenders, async (entrants) => {
      const run = { perSecond: PER_SECOND, ms: quick ? 1_000 : 3_000 }
      const results = await inTurns(entrants, { rounds: quick ? 3 : 7, warmUpSeconds: quick ? 0.5 : 2, run })
      return [...changes(results), await firstPage(entrants[0], quick)]
    })
    return [...figures, await sampledPage(quick)]
  },
}

/** @param {Record<string, any[]>} results */
function changes(results) {
  const against = (/** @type {string} */ name, /** @type {string} */ unit, /** @type {(result: any) => number} */ read) =>
    figure({ name, unit, values: results.magpie.map(read), peer: "socket.io", peerValues: results["socket.io"].map(read) })
  return [
    against(`${NAME}/deliveries`, "deliveries / CPU-s", ({ deliveries, cpuSeconds }) => deliveries / cpuSeconds),
    against(`${NAME}/bytes`, "bytes / change", ({ bytesPerChange }) => bytesPerChange),
  ]
}

/**
 * What the first page of the large room costs, beside that of a room that is one page.
 * @param {import("../harness/contest.mjs").Entrant | undefined} entrant
 * @param {boolean} quick
 */
async function firstPage(entrant, quick) {
  if (entrant === undefined) throw new Error("nobody to ask")
  /** @type {{ big: number[], small: number[] }} */
  const micros = { big: [], small: [] }
  const count = quick ? 300 : 1_000
  for (let round = 0; round < (quick ? 4 : 8); round++) {
    for (const room of /** @type {const} */ (["big", "small"])) {
      const { pages, cpuSeconds } = await measure(entrant, { room, count }, "pages")
      if (round > 0) micros[room].push((cpuSeconds / pages) * 1e6)
    }
  }
  return pageFigure(`${NAME}/first-page`, micros)
}

/**
 * The same of a room of 100,000 that is looked at in samples.
 * @param {boolean} quick
 */
async function sampledPage(quick) {
  const rooms = await createSampledRooms({ big: quick ? SAMPLED.quick : SAMPLED.full, small: SMALL })
  /** @type {{ big: number[], small: number[] }} */
  const micros = { big: [], small: [] }
  for (let round = 0; round < (quick ? 5 : 9); round++) {
    for (const room of /** @type {const} */ (["big", "small"])) {
      const perLook = await rooms.look(room, quick ? 500 : 2_000)
      if (round > 0) micros[room].push(perLook)
    }
  }
  return pageFigure(`${NAME}/sampled-first-page`, micros)
}

/**
 * @param {string} name
 * @param {{ big: readonly number[], small: readonly number[] }} micros
 */
function pageFigure(name, { big, small }) {
  return figure({ name, unit: "CPU-µs", values: big, peer: `a room of ${SMALL}`, peerValues: small, owed: { of: "ratio", atMost: 1.5 } })
}
