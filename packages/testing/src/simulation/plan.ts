import { type SeededRandom, seededRandom } from "../seeded-random.ts"
import type { FaultKind } from "./faults/fault-kinds.ts"
import { actionsOf, movesOf, NOTES_SHARE, restlessActions } from "./planned-actions.ts"
import { busyTimes, faultOf, faultsOf, lostLastWords, pageEnds, revocationsOf } from "./planned-faults.ts"
import type { StreamName } from "./simulated-app.ts"

/** Everything that a run is made from: the same plan gives the same run, event by event. It is plain data, to be kept as a file. */
export interface Plan {
  readonly seed: number
  readonly setup: Setup
  readonly actions: readonly Action[]
  readonly faults: readonly Fault[]
}

export interface Setup {
  readonly clients: number
  readonly nodes: number
  readonly durationMs: number
  readonly latencyMs: number
  readonly jitterMs: number
  readonly flushMs: number
  readonly tokenLifeMs: number
  readonly heartbeatMs: number
  readonly presenceLeaseMs: number
  /** Clients have every transport, and change among them as the network lets them. */
  readonly transports?: boolean
  /** So many of the clients, the first ones, have an outbox that outlives their pages. */
  readonly keeping?: number
  /** Product settings at their edges, so that rare paths become common ones. */
  readonly limits: Readonly<Record<string, number>>
}

export type Action = { readonly at: number; readonly client: number } & (
  | { readonly do: "publish"; readonly channel: StreamName; readonly refused?: boolean; readonly padBytes?: number }
  | { readonly do: "beat" | "backend-publish" | "enter" | "withdraw" }
  | { readonly do: "follow"; readonly channel: StreamName; readonly last?: number }
  | { readonly do: "leave"; readonly channel: StreamName }
  | { readonly do: "history"; readonly channel: StreamName; readonly limit: number }
  | { readonly do: "hostile" | "note" | "row" | "command"; readonly move: number }
)

export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  /** Which client or node; which of the two, the kind says. */
  readonly target: number
  readonly forMs: number
  /** What the kind makes of it: milliseconds, a share, a choice. */
  readonly amount: number
}

/**
 * A time in which only messages get lost, on links that stay up, and after which nobody says anything: nothing but Magpie's
 * own looking can notice that.
 */
const CALM_SHARE = 0.4
/** Clients that ask seldom leave it to the server to notice what was lost. */
const SELDOM_ASKED = { heartbeatMs: 10_000 }
/** Runs in which channels are left and followed again, also while the server's answer to a ping is on its way, which takes long. */
const RESTLESS_SHARE = 0.3
const OFTEN_ASKED = { heartbeatMs: 1_000, latencyMs: 150 }
const CALM = { from: 8_000, lossesUntil: 9_500, until: 15_500 } as const

export interface PlanOptions {
  /** Clients have every transport. */
  readonly transports?: boolean
  /** Clients write a table. */
  readonly tables?: boolean
  /** The first client is a device, and is told what to do. */
  readonly commands?: boolean
}

/** A plan from a seed alone. Each purpose draws from a stream of its own, so that leaving out a fault changes nothing else. */
export function planOf(seed: number, { transports = false, tables = false, commands = false }: PlanOptions = {}): Plan {
  const random = seededRandom(`plan-${seed}`)
  const outboxes = random.fork("outboxes")
  const calm = random.fork("calm")
  const restless = random.fork("restless")
  const isCalm = calm.float() < CALM_SHARE
  const isRestless = !isCalm && restless.float() < RESTLESS_SHARE
  const setup = {
    ...setupOf(random.fork("setup")),
    ...(transports && { transports }),
    ...keepingOf(outboxes),
    ...(isCalm && calm.float() < 0.5 ? SELDOM_ASKED : {}),
    ...(isRestless ? OFTEN_ASKED : {}),
  }
  const actions = [
    ...actionsOf(setup, random.fork("workload")),
    ...movesOf(setup, "note", NOTES_SHARE, random.fork("notes")),
    ...(isRestless ? restlessActions(setup, restless) : []),
    ...(tables ? movesOf(setup, "row", 1, random.fork("rows")) : []),
    ...(commands ? movesOf(setup, "command", 1, random.fork("commands")) : []),
  ].sort((a, b) => a.at - b.at)
  const faults = [
    ...faultsOf(setup, random.fork("faults")),
    ...revocationsOf(setup, random.fork("revocations")),
    ...pageEnds(setup, outboxes),
    ...busyTimes(setup, random.fork("load")),
    ...lostLastWords(setup, random.fork("last-words")),
  ].sort((a, b) => a.at - b.at)
  if (!isCalm) return { seed, setup, actions, faults }
  const losses = Array.from({ length: calm.integer(2, 5) }, () => ({ ...faultOf("lost-frame", setup, calm), amount: 1 - calm.float() / 4 }))
  const kept = [...faults, ...losses].map(keepCalm).sort((a, b) => a.at - b.at)
  return { seed, setup, actions: actions.filter(isOutsideTheSilence), faults: kept }
}

function setupOf(random: SeededRandom): Setup {
  const shortTokens = random.float() < 0.25
  return {
    clients: random.integer(3, 5),
    nodes: random.pick([1, 1, 3]),
    durationMs: 24_000,
    latencyMs: random.pick([1, 5, 20, 60]),
    jitterMs: random.pick([0, 5, 40, 150]),
    flushMs: random.pick([0, 1, 4, 25]),
    tokenLifeMs: shortTokens ? 6_000 : 3_600_000,
    heartbeatMs: random.pick([2_000, 5_000, 10_000]),
    presenceLeaseMs: random.fork("presence").pick([6_000, 10_000]),
    limits: {
      queuedBytes: random.pick([131_072, 131_072, 262_144]),
      historyPage: random.pick([3, 20, 500]),
      pendingPublishes: random.pick([2, 8, 256]),
      messagesPerSecond: random.pick([5, 50, 200]),
    },
  }
}

/** Runs in which the outboxes of some clients outlive their pages. */
const OUTBOXES_SHARE = 0.3

function keepingOf(random: SeededRandom): Pick<Setup, "keeping"> {
  return random.float() < OUTBOXES_SHARE ? { keeping: random.pick([1, 1, 2]) } : {}
}

function isOutsideTheSilence({ at }: Action): boolean {
  return at < CALM.lossesUntil || at > CALM.until
}

function keepCalm(fault: Fault): Fault {
  const inCalm = CALM.from + fault.amount * (CALM.lossesUntil - CALM.from)
  if (fault.kind === "lost-frame") return { ...fault, at: inCalm }
  const at = fault.at > CALM.from && fault.at < CALM.until ? fault.at + (CALM.until - CALM.from) : fault.at
  return { ...fault, at, forMs: at < CALM.from ? Math.min(fault.forMs, CALM.from - at) : fault.forMs }
}
