// What a set of runs came to, and what it had to reach.

/** @typedef {import("../../packages/testing/src/simulation/run-plan.ts").RunResult} RunResult */

/** Fewer seeds say nothing about what is rare. */
const SEEDS_FOR_FLOORS = 400
/** Of each kind of fault at least so many for each thousand seeds, struck while something was under way. */
const FLOOR_PER_THOUSAND = 400

/** What a set of runs must have seen, or the simulation has gone blind somewhere. */
export const MUST_BE_REACHED = [
  "recovered",
  "loss-on-a-live-link",
  "rolled-back",
  "log-journal.rebuild",
  "link-lost-TIMEOUT",
  "link-lost-UNAUTHORIZED",
  "status-closed",
  "note-changed",
  "note-appended",
  "note-CONFLICT",
  "gap-epoch",
  "gap-trimmed",
  "gap-expired",
  "duplicate-answered-from-memory",
  "duplicate-answered-after-restart",
  "duplicate-answered-by-another-node",
  "fenced",
  "restored",
  "history-read",
  "bytes-held-for-slow-reader",
  "drained-with-work",
  "sent-away-answered",
  "error-FORBIDDEN",
  "error-UNAVAILABLE",
  "status-reconnecting",
  "backend-UNAVAILABLE",
  "presence-left",
  "presence-lease-over",
  "revoked",
  "sent-away",
  "kept-before-it-left",
  "kept-after-it-may-have-left",
  "kept-then-confirmed",
  "kept-then-rejected",
  "left-by-an-earlier-page",
  "shed-presence",
  "shed-broadcasts",
  "shed-connections",
  "shed-history",
  "shed-nothing-more",
  "broadcasts-skipped",
]

export function createTally() {
  const total = { seeds: 0, steps: 0, operations: 0, faults: 0 }
  /** @type {Map<string, number>} */
  const kinds = new Map()
  /** @type {Map<string, number>} */
  const sometimes = new Map()
  /** @type {Map<number, string>} */
  const hashes = new Map()
  /** @type {RunResult[]} */
  const violations = []

  return {
    violations,
    get seeds() {
      return total.seeds
    },
    add(/** @type {RunResult} */ result) {
      total.seeds++
      total.steps += result.steps
      total.operations += result.operations
      total.faults += result.faults
      hashes.set(result.seed, result.hash)
      for (const [kind, count] of Object.entries(result.faultsByKind)) kinds.set(kind, (kinds.get(kind) ?? 0) + count)
      for (const [state, count] of Object.entries(result.sometimes)) sometimes.set(state, (sometimes.get(state) ?? 0) + count)
      if (result.violation !== undefined) violations.push(result)
    },
    /** @param {readonly string[]} allKinds */
    blindSpots(allKinds) {
      if (total.seeds < SEEDS_FOR_FLOORS) return []
      const floor = (FLOOR_PER_THOUSAND * total.seeds) / 1_000
      return [
        ...allKinds
          .filter((kind) => (kinds.get(kind) ?? 0) < floor)
          .map((kind) => `${kind}: ${kinds.get(kind) ?? 0} faults that counted, at least ${floor} are wanted`),
        ...MUST_BE_REACHED.filter((state) => !sometimes.has(state)).map((state) => `"${state}" was never reached`),
      ]
    },
    summary() {
      return {
        ...total,
        faultsByKind: sorted(kinds),
        violations: violations.length,
        hash: folded([...hashes].sort(([a], [b]) => a - b).map(([, hash]) => hash)),
        sometimes: sorted(sometimes),
      }
    },
  }
}

function sorted(/** @type {Map<string, number>} */ counts) {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The hashes of all seeds in their order as one. */
function folded(/** @type {string[]} */ hashes) {
  let hash = 0x811c9dc5
  for (const text of hashes) for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, "0")
}
