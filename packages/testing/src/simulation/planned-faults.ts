import type { SeededRandom } from "../seeded-random.ts"
import { ALL_FAULT_KINDS, type FaultKind, faultKindsOf } from "./faults/fault-kinds.ts"
import type { Fault, Setup } from "./plan.ts"

const FAULTS_PER_SECOND = 7
/** Runs in which users are put out, by how many nodes have to hear of it. */
const REVOCATIONS_SHARE = { one: 0.25, several: 0.6 }
/** Runs of several nodes whose bus loses most of what is said last. */
const LAST_WORDS_SHARE = 0.4
/** Runs in which what servers carry is measured. */
const LOAD_SHARE = 0.3

/** Swarm: each seed has some kinds of faults only, and of those some often, so that rare combinations meet. */
export function faultsOf(setup: Setup, random: SeededRandom): Fault[] {
  const kinds = faultKindsOf(setup)
  const chosen = kinds.filter(() => random.float() < 0.6)
  const drawn = chosen.length === 0 ? kinds : chosen
  const present = drawn.includes("broker-rollback") ? drawn.filter((kind) => !forgets(kind)) : drawn
  const lots = present.flatMap((kind) => new Array<FaultKind>(ALL_FAULT_KINDS[kind].weight * random.pick([1, 1, 3])).fill(kind))
  return Array.from({ length: Math.round((setup.durationMs / 1_000) * FAULTS_PER_SECOND) }, () => {
    return faultOf(random.pick(lots), setup, random)
  })
}

export function faultOf(kind: FaultKind, setup: Setup, random: SeededRandom): Fault {
  const { on, forMs } = ALL_FAULT_KINDS[kind]
  return {
    at: Math.round(500 + random.float() * (setup.durationMs - 500)),
    kind,
    target: random.integer(0, (on === "client" ? setup.clients : setup.nodes) - 1),
    forMs: Math.round(forMs[0] + random.float() * (forMs[1] - forMs[0])),
    amount: random.float(),
  }
}

/** In some runs users are put out, and in those several times. */
export function revocationsOf(setup: Setup, random: SeededRandom): Fault[] {
  if (random.float() >= (setup.nodes > 1 ? REVOCATIONS_SHARE.several : REVOCATIONS_SHARE.one)) return []
  return Array.from({ length: random.integer(2, 4) }, () => faultOf("revoked", setup, random)).flatMap((revoked) =>
    setup.nodes > 1 && random.float() < 0.7 ? [fallsBehind(revoked, setup, random), revoked] : [revoked],
  )
}

/** A node that does not hear of it in time. */
function fallsBehind({ at }: Fault, setup: Setup, random: SeededRandom): Fault {
  const kind = random.pick(["slow-tail", "slow-tail", "broker-cut", "paused-node"] as const)
  return { ...faultOf(kind, setup, random), at: Math.max(0, at - random.integer(0, 1_500)), forMs: 4_000, amount: 0.5 + random.float() / 2 }
}

/** What is lost at the end is followed by nothing that would say it again. */
export function lostLastWords(setup: Setup, random: SeededRandom): Fault[] {
  if (setup.nodes === 1 || random.float() >= LAST_WORDS_SHARE) return []
  const last = setup.durationMs / 3
  return Array.from({ length: random.integer(2, 4) }, () => {
    return {
      ...faultOf("bus-loss", setup, random),
      at: Math.round(setup.durationMs - random.float() * last),
      amount: 0.5 + random.float() / 2,
    }
  })
}

/** In some runs servers are asked for more than they can carry. */
export function busyTimes(setup: Setup, random: SeededRandom): Fault[] {
  if (random.float() >= LOAD_SHARE) return []
  return Array.from({ length: random.integer(2, 4) }, () => faultOf("busy-node", setup, random))
}

/** Where outboxes outlive pages, these end more often. */
export function pageEnds(setup: Setup, random: SeededRandom): Fault[] {
  const { keeping: clients = 0 } = setup
  if (clients === 0) return []
  return Array.from({ length: random.integer(2, 4) }, () => faultOf("reload", { ...setup, clients }, random))
}

/** What a broker loses together with the disks of all who had applied it, nobody can notice. */
function forgets(kind: FaultKind): boolean {
  return kind === "new-disk" || kind === "old-backup"
}
