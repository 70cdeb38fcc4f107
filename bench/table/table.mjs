import { contest } from "../harness/contest.mjs"
import { temporaryDirectory } from "../harness/directory.mjs"
import { figure } from "../harness/figures.mjs"
import { KEYS } from "./market.mjs"
import { INTERVAL_MS } from "./wires.mjs"

const NAME = "table"
const LOAD = "table/load.mjs"
/** Of each key. */
const PER_SECOND = 100
const FOLLOWERS = 1_000
const FOLLOWED = 100
/** Of each key, while many follow: the loop on `ws` has a second of work for each. */
const PER_SECOND_OF_MANY = 4

/**
 * What a follower at two updates a second is sent of a table that is written far more often.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const tableAtTwoHertz = { name: `${NAME}/2hz`, run: ({ quick }) => oneFollower(quick) }

/**
 * What many such followers, each of some keys of its own choice, cost the server.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const tableForMany = { name: `${NAME}/1000x${FOLLOWED}`, run: ({ quick }) => manyFollowers(quick) }

/** Writes a stretch of the market and waits until all followers are level. @param {import("../harness/contest.mjs").Entrant} entrant */
async function stretch(
  { server, load },
  /** @type {{ perSecond: number, rounds: number }} */ plan,
  /** @type {{ rounds: number }} */ past,
) {
  past.rounds += plan.rounds
  await load.ask("begin")
  const before = await server.ask("usage")
  const written = await server.ask("feed", plan)
  const told = await load.ask("settle", { volume: past.rounds, endedAt: written.endedAt })
  const { cpuSeconds } = await server.ask("usage")
  return { ...written, ...told, cpuSeconds: cpuSeconds - before.cpuSeconds }
}

/** @param {boolean} quick */
async function oneFollower(quick) {
  const directory = temporaryDirectory()
  const connect = { wire: "magpie", followers: 1 }
  const contenders = [
    { key: "memory", server: "servers/magpie-table.mjs", load: LOAD, connect },
    { key: "lmdb", server: "servers/magpie-table.mjs", args: [directory.path], load: LOAD, connect },
  ]
  try {
    return await contest(contenders, async (entrants) => {
      /** @type {Record<string, any[]>} */
      const results = { memory: [], lmdb: [] }
      for (const entrant of entrants) {
        const past = { rounds: 0 }
        const plan = { perSecond: PER_SECOND, rounds: PER_SECOND * (quick ? 2 : 3) }
        await stretch(entrant, plan, past)
        for (let round = 0; round < (quick ? 2 : 3); round++) results[entrant.key].push(await stretch(entrant, plan, past))
      }
      return [...figuresOfOne(results.memory), ...writeRates(results)]
    })
  } finally {
    directory.remove()
  }
}

/** @param {any[]} results */
function figuresOfOne(results) {
  const values = (/** @type {(result: any) => number} */ read) => results.map(read)
  const skippedRight = results.every(({ skipped, updates, writes }) => skipped + updates === writes)
  if (!skippedRight) throw new Error("what was skipped and what was told are not what was written")
  return [
    figure({
      ...{
        name: `${NAME}/2hz/updates-per-key`,
        unit: "updates / s / key",
        values: values((it) => it.updatesPerSecond / KEYS),
      },
      owed: { of: "value", atMost: 2 },
    }),
    figure({
      ...{ name: `${NAME}/2hz/newest-after`, unit: "ms", values: values(({ newestAfterMs }) => newestAfterMs) },
      owed: { of: "value", atMost: INTERVAL_MS },
    }),
    figure({
      ...{ name: `${NAME}/2hz/bytes`, unit: "bytes / write", values: values(({ bytes, writes }) => bytes / writes) },
      ...{ peer: "full-json", peerValues: values(({ wholeBytes }) => wholeBytes), owed: { of: "ratio", atMost: 0.15 } },
    }),
    figure({
      ...{ name: `${NAME}/2hz/bytes-per-update`, unit: "bytes / update", values: values(({ bytes, updates }) => bytes / updates) },
      ...{ peer: "full-json", peerValues: values(({ wholeBytes }) => wholeBytes) },
    }),
  ]
}

/** @param {Record<string, any[]>} results */
function writeRates({ memory, lmdb }) {
  const of = (/** @type {any[]} */ results, /** @type {string} */ name) => [
    figure({
      name: `${NAME}/2hz/writes${name}`,
      unit: "writes / CPU-s",
      values: results.map(({ writes, cpuSeconds }) => writes / cpuSeconds),
    }),
    figure({
      name: `${NAME}/2hz/writes${name}/rate`,
      unit: "writes / s / key",
      values: results.map(({ writes, ms }) => writes / KEYS / (ms / 1_000)),
    }),
  ]
  return [...of(memory, ""), ...of(lmdb, "-lmdb")]
}

/** @param {boolean} quick */
async function manyFollowers(quick) {
  const to = (/** @type {string} */ wire) => ({ load: LOAD, connect: { wire, followers: FOLLOWERS, keys: FOLLOWED } })
  const contenders = [
    { key: "magpie", server: "servers/magpie-table.mjs", ...to("magpie") },
    { key: "socket.io", server: "servers/socket-io-table.mjs", ...to("socket.io") },
    { key: "ws", server: "servers/naive-ws-table.mjs", ...to("ws") },
  ]
  return contest(contenders, async (entrants) => {
    const plan = { perSecond: PER_SECOND_OF_MANY, rounds: PER_SECOND_OF_MANY * 2 }
    /** @type {Record<string, any[]>} */
    const results = { magpie: [], "socket.io": [], ws: [] }
    const pasts = entrants.map(() => ({ rounds: 0 }))
    for (let round = 0; round < 1 + (quick ? 2 : 3); round++) {
      for (const [index, entrant] of entrants.entries()) {
        const result = await stretch(entrant, plan, pasts[index])
        if (round > 0) results[entrant.key].push(result)
      }
    }
    const cpuMs = (/** @type {any[]} */ its) => its.map(({ cpuSeconds, writes }) => (cpuSeconds * 1e6) / writes)
    const bytes = (/** @type {any[]} */ its) => its.map((it) => it.bytes / it.writes)
    const name = `${NAME}/${FOLLOWERS}x${FOLLOWED}`
    const against = (/** @type {string} */ peer) => [
      figure({
        name: `${name}/cpu`,
        unit: "CPU-µs / write",
        values: cpuMs(results.magpie),
        peer,
        peerValues: cpuMs(results[peer]),
        owed: { of: "ratio", atMost: 1 },
      }),
      figure({ name: `${name}/bytes`, unit: "bytes / write", values: bytes(results.magpie), peer, peerValues: bytes(results[peer]) }),
    ]
    return [...against("socket.io"), ...against("ws")]
  })
}
