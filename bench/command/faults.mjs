import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { startChild } from "../harness/child.mjs"
import { temporaryDirectory } from "../harness/directory.mjs"
import { figure } from "../harness/figures.mjs"
import { startRelay } from "../harness/relay.mjs"

const GROUPS = 4
const DEVICES_EACH = 4
/** How many commands, and how long between two faults. */
const PLANS = {
  quick: { total: 5_000, resetEachMs: 700, killEachMs: 2_300 },
  full: { total: 100_000, resetEachMs: 2_500, killEachMs: 6_000 },
}
const MAX_MS = 900_000
const STATES_AT_ONCE = 5_000

/**
 * Commands to devices while links are reset and devices killed, and then each command is looked at: what its device did, when, and
 * how it stands in the ledger.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const commandFaults = {
  name: "command/faults",
  maxMs: MAX_MS,
  async run({ quick }) {
    const directory = temporaryDirectory()
    const server = await startChild("servers/magpie-commands.mjs", { args: [directory.path] })
    const relay = await startRelay(await server.ask("listen"))
    const callers = await startChild("command/callers.mjs")
    const groups = Array.from({ length: GROUPS }, (_, index) => createGroup(join(directory.path, `group-${index}`), index))
    try {
      await Promise.all(groups.map((group) => group.start(relay.port)))
      await callers.ask("open", { port: relay.port, names: groups.flatMap(({ names }) => names) })
      const { total, ...pauses } = quick ? PLANS.quick : PLANS.full
      const faults = createFaults(relay, groups, pauses)
      const told = await callers.ask("call", { total }, MAX_MS)
      await faults.stop()
      return figures(total, told, faults, await verdict(server, groups, total))
    } finally {
      relay.close()
      await callers.stop()
      for (const group of groups) await group.stop()
      await server.stop()
      directory.remove()
    }
  },
}

/** Devices that live in one process. */
function createGroup(/** @type {string} */ directory, /** @type {number} */ index) {
  const names = Array.from({ length: DEVICES_EACH }, (_, each) => `${index}-${each}`)
  mkdirSync(directory, { recursive: true })
  /** @type {import("../harness/child.mjs").Child | undefined} */
  let child
  return {
    names,
    async start(/** @type {number} */ port) {
      child = await startChild("command/devices.mjs")
      await child.ask("serve", { port, directory, names })
    },
    kill: () => child?.kill(),
    stop: () => child?.stop(),
    /** What they did: the command's id, and when. */
    effects: () =>
      readFileSync(join(directory, "effects"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ")),
  }
}

/**
 * @param {Awaited<ReturnType<typeof startRelay>>} relay
 * @param {readonly ReturnType<typeof createGroup>[]} groups
 * @param {{ resetEachMs: number, killEachMs: number }} pauses
 */
function createFaults(relay, groups, { resetEachMs, killEachMs }) {
  const counts = { resets: 0, kills: 0 }
  let restarting = Promise.resolve()
  const resetting = setInterval(() => {
    counts.resets += relay.reset()
  }, resetEachMs)
  const killing = setInterval(() => {
    const group = groups[counts.kills++ % groups.length]
    restarting = restarting.then(async () => {
      await group.kill()
      await group.start(relay.port)
    })
  }, killEachMs)
  return {
    counts,
    async stop() {
      clearInterval(resetting)
      clearInterval(killing)
      await restarting
    },
  }
}

/**
 * @param {import("../harness/child.mjs").Child} server
 * @param {readonly ReturnType<typeof createGroup>[]} groups
 * @param {number} total
 */
async function verdict(server, groups, total) {
  /** @type {Map<string, number[]>} */
  const done = new Map()
  for (const [id, at] of groups.flatMap((group) => group.effects())) done.set(id, [...(done.get(id) ?? []), Number(at)])
  const names = groups.flatMap((group) => group.names)
  const found = { doubled: 0, withoutEnd: 0, late: 0, contradicted: 0 }
  for (const [index, device] of names.entries()) {
    const ids = Array.from({ length: Math.ceil((total - index) / names.length) }, (_, each) => `c${index + each * names.length}`)
    for (let from = 0; from < ids.length; from += STATES_AT_ONCE) {
      const rows = await server.ask("states", { device, ids: ids.slice(from, from + STATES_AT_ONCE) })
      for (const { id, state, deadline } of rows) {
        const times = done.get(id) ?? []
        if (times.length > 1) found.doubled++
        if (!FINAL.has(state)) found.withoutEnd++
        if (times.some((at) => at > deadline)) found.late++
        if ((state === "done" && times.length === 0) || (state === "expired" && times.length > 0)) found.contradicted++
      }
    }
  }
  return found
}

const FINAL = new Set(["done", "failed", "expired", "cancelled", "indeterminate"])

/**
 * @param {number} total
 * @param {Record<string, number>} told
 * @param {ReturnType<typeof createFaults>} faults
 * @param {Awaited<ReturnType<typeof verdict>>} found
 */
function figures(total, told, { counts }, found) {
  if (found.contradicted > 0) throw new Error(`${found.contradicted} commands are said to be what they were not: ${JSON.stringify(told)}`)
  const one = (/** @type {string} */ name, /** @type {string} */ unit, /** @type {number} */ value) =>
    figure({ name: `command/faults/${name}`, unit, values: [value] })
  const none = (/** @type {string} */ name, /** @type {number} */ value) =>
    figure({ name: `command/faults/${name}`, unit: "commands", values: [value], owed: { of: "value", atMost: 0 } })
  return [
    one("commands", "commands", total),
    one("links-reset", "links", counts.resets),
    one("devices-killed", "devices", counts.kills * DEVICES_EACH),
    one("done", "commands", told.done ?? 0),
    none("doubled", found.doubled),
    none("without-end", found.withoutEnd),
    none("late", found.late),
  ]
}
