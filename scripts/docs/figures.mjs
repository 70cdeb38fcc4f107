// The figures that long runs have left in docs/, for the pages that show them.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * @typedef {{ node: string, cores: number, cpu: string }} Machine
 * @typedef {{ date: string, command: string, machine: Machine }} Run
 * @typedef {Run & { firstSeed: number, seconds: number, seeds: number, steps: number, operations: number, faults: number,
 *   faultsByKind: Record<string, number>, violations: number, hash: string }} Runs
 * @typedef {{ name: string, caught: boolean, medianSeeds: number | null, invariants: readonly string[] }} Defect
 * @typedef {Run & { firstSeeds: readonly number[], defects: readonly Defect[] }} Planted
 * @typedef {Run & { inputs: number, targets: number, failures: number, seconds: number, slowestMsPer64KiB: number,
 *   mostTimesTheLimit: number, mostTimesInAll: number }} Fuzz
 * @typedef {{ lost: number, doubled: number, reordered: number, invented: number }} Wrong
 * @typedef {Run & { held: boolean }} Scenario
 * @typedef {{ words: number, owed: number, subscribers: Wrong, store?: Wrong, faults: number }} Contender
 * @typedef {Scenario & { clients: number, ms: number, contenders: Record<string, Contender> }} Traffic
 * @typedef {Scenario & { kills: number, acknowledged: number, store: Wrong, subscribers: Wrong,
 *   reopenMs: { p50: number, p99: number, max: number }, logBytes: number }} Kills
 * @typedef {Scenario & Wrong & { clients: number, resumed: number, resumedMs: { p50: number, p99: number, max: number },
 *   loopMs: { p50: number, p99: number, max: number }, attempts: number,
 *   waves: { firstPeak: number, retryPeak: number, secondWave: boolean } }} Storm
 * @typedef {{ kind: string, readers: number, megabytesPerSecond: number, queuedBytes: number, heapBytes: number, ownBytes: number,
 *   latencyMs: { before: number, during: number }, skipped: { healthy: number, stalled: number } }} StalledKind
 * @typedef {Scenario & { kinds: readonly StalledKind[] }} Stalled
 * @typedef {Scenario & { kept: number, stored: number, tabKills: number, serverKills: number, resets: number, store: Wrong }} Outbox
 * @typedef {{ words: number, owed: number, subscribers: Wrong, store: Wrong, acceptedPerSecond: number, longestWaitMs: number,
 *   faults: readonly string[] }} OverBroker
 * @typedef {Scenario & { clients: number, perSecond: number, nodes: number, brokers: Record<string, OverBroker> }} Cluster
 * @typedef {{ rooms: Record<string, { date: string, killed: number, survived: number, timeout: number, score: number }> }} Mutation
 */

/** @typedef {ReturnType<typeof openFigures>} Figures */

/** Each figure fails, with the command that makes it, where nobody has run that yet. */
export function openFigures(/** @type {string} */ root) {
  const read = (/** @type {string} */ file, /** @type {string} */ command) => {
    if (!existsSync(join(root, file))) throw missing(file, command)
    return JSON.parse(readFileSync(join(root, file), "utf8"))
  }
  const simulation = (/** @type {string} */ part, /** @type {string} */ options) => {
    const command = `npm run sim -- ${options} --write`
    const { [part]: its } = read("docs/simulation.json", command)
    if (its === undefined) throw missing(`"${part}" in docs/simulation.json`, command)
    return its
  }
  const chaos = (/** @type {string} */ scenario, /** @type {string} */ options) => {
    const command = `npm run chaos -- ${options}--write`
    const { machine, scenarios } = read("docs/chaos.json", command)
    const its = scenarios?.[scenario]
    if (its === undefined) throw missing(`"${scenario}" in docs/chaos.json`, command)
    return { machine, ...its }
  }
  return {
    /** @returns {Runs} */
    runs: () => simulation("runs", "--seeds 10000"),
    /** Each run with the defects that it was the last to write. @returns {readonly Planted[]} */
    planted: () => simulation("planted", "--planted"),
    /** @returns {Fuzz} */
    fuzz: () => simulation("fuzz", "--fuzz 100000000"),
    /** @returns {Traffic} */
    traffic: () => chaos("traffic", ""),
    /** @returns {Kills} */
    kills: () => chaos("kills", "--kills 500 "),
    /** @returns {Storm} */
    storm: () => chaos("storm", "--storm 10000 "),
    /** @returns {Stalled} */
    stalled: () => chaos("stalled", "--stalled "),
    /** @returns {Outbox} */
    outbox: () => chaos("outbox", "--outbox 100000 "),
    /** @returns {Cluster} */
    cluster: () => chaos("cluster", "--cluster "),
    /** @returns {Mutation} */
    mutation: () => read("docs/mutation.json", "node scripts/mutation.mjs --write"),
  }
}

function missing(/** @type {string} */ what, /** @type {string} */ command) {
  return new Error(`${what} is missing: run \`${command}\``)
}
