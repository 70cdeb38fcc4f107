import { type SeededRandom, seededRandom } from "../seeded-random.ts"
import { ALL_FAULT_KINDS, type FaultKind, faultKindsOf } from "./faults/fault-kinds.ts"
import { STREAMS, type StreamName } from "./simulated-app.ts"

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

const FAULTS_PER_SECOND = 7
/**
 * A time in which only messages get lost, on links that stay up, and after which nobody says anything: nothing but Magpie's
 * own looking can notice that.
 */
const CALM_SHARE = 0.4
/** Runs in which users are put out. */
const REVOCATIONS_SHARE = 0.3
/** Runs in which what servers carry is measured. */
const LOAD_SHARE = 0.3
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
  const setup = { ...setupOf(random.fork("setup")), ...(transports && { transports }), ...keepingOf(outboxes) }
  const actions = [
    ...actionsOf(setup, random.fork("workload")),
    ...movesOf(setup, "note", NOTES_SHARE, random.fork("notes")),
    ...(tables ? movesOf(setup, "row", 1, random.fork("rows")) : []),
    ...(commands ? movesOf(setup, "command", 1, random.fork("commands")) : []),
  ].sort((a, b) => a.at - b.at)
  const faults = [
    ...faultsOf(setup, random.fork("faults")),
    ...revocationsOf(setup, random.fork("revocations")),
    ...pageEnds(setup, outboxes),
    ...busyTimes(setup, random.fork("load")),
  ].sort((a, b) => a.at - b.at)
  if (random.fork("calm").float() >= CALM_SHARE) return { seed, setup, actions, faults }
  return { seed, setup, actions: actions.filter(isOutsideTheSilence), faults: faults.map(keepCalm).sort((a, b) => a.at - b.at) }
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

/** Runs in which messages change: some grow as fast as a model writes, others are edited, deleted and reacted to. */
const NOTES_SHARE = 0.4

const PADDINGS = [200, 2_000, 9_000]
/** A reader that stands still for seconds is owed more than may be held for it. */
const HEAVY_PADDINGS = [2_000, 9_000, 40_000]

function actionsOf(setup: Setup, random: SeededRandom): Action[] {
  const dice = random.float()
  const paddings = dice < 0.1 ? HEAVY_PADDINGS : dice < 0.3 ? PADDINGS : []
  return Array.from({ length: setup.clients }, (_, client) => actionsOfClient(client, setup, paddings, random.fork(`client-${client}`)))
    .flat()
    .concat(Array.from({ length: setup.clients }, (_, client) => presenceActions(client, setup, random.fork(`presence-${client}`))).flat())
    .concat(hostileActions(setup, random.fork("hostile")), backendActions(setup, random.fork("backend")))
    .sort((a, b) => a.at - b.at)
}

function actionsOfClient(client: number, { durationMs }: Setup, paddings: readonly number[], random: SeededRandom): Action[] {
  const actions: Action[] = []
  const pace = random.pick([150, 300, 600])
  for (let at = random.float() * pace; at < durationMs; at += random.float() * 2 * pace) {
    const channel = random.pick(STREAMS)
    const dice = random.float()
    if (dice < 0.72) {
      const padBytes = paddings.length > 0 && random.float() < 0.4 ? random.pick(paddings) : 0
      const bursts = random.float() < 0.1 ? random.integer(2, 12) : 1
      for (let count = 0; count < bursts; count++) {
        actions.push({
          at,
          client,
          do: "publish",
          channel,
          ...(random.float() < 0.05 ? { refused: true } : {}),
          ...(padBytes > 0 ? { padBytes } : {}),
        })
      }
    } else if (dice < 0.84) actions.push({ at, client, do: "beat" })
    else if (dice < 0.9) actions.push({ at, client, do: "history", channel, limit: random.pick([1, 3, 20]) })
    else if (dice < 0.95) actions.push({ at, client, do: "leave", channel })
    else actions.push({ at, client, do: "follow", channel, ...(random.float() < 0.4 ? { last: random.integer(1, 12) } : {}) })
  }
  return actions
}

/** Whoever comes shows itself, changes that, and now and then goes away for a while. */
function presenceActions(client: number, { durationMs }: Setup, random: SeededRandom): Action[] {
  const actions: Action[] = []
  const pace = random.pick([700, 2_000, 6_000])
  for (let at = random.float() * pace; at < durationMs; at += random.float() * 2 * pace)
    actions.push({ at, client, do: random.float() < 0.8 ? "enter" : "withdraw" })
  return actions
}

/** Moves of somebody's, in some of the runs. */
function movesOf({ clients, durationMs }: Setup, what: "note" | "row" | "command", share: number, random: SeededRandom): Action[] {
  if (random.float() >= share) return []
  const pace = random.pick([60, 200, 600])
  const actions: Action[] = []
  for (let at = random.float() * pace; at < durationMs; at += random.float() * 2 * pace)
    actions.push({ at, client: random.integer(0, clients - 1), do: what, move: random.integer(0, 999) })
  return actions
}

function hostileActions({ durationMs }: Setup, random: SeededRandom): Action[] {
  return Array.from({ length: 25 }, () => ({ at: random.float() * durationMs, client: 0, do: "hostile", move: random.integer(0, 999) }))
}

function backendActions({ durationMs }: Setup, random: SeededRandom): Action[] {
  return Array.from({ length: 15 }, () => ({ at: random.float() * durationMs, client: 0, do: "backend-publish" }))
}

/** Swarm: each seed has some kinds of faults only, and of those some often, so that rare combinations meet. */
function faultsOf(setup: Setup, random: SeededRandom): Fault[] {
  const kinds = faultKindsOf(setup)
  const chosen = kinds.filter(() => random.float() < 0.6)
  const drawn = chosen.length === 0 ? kinds : chosen
  const present = drawn.includes("broker-rollback") ? drawn.filter((kind) => !forgets(kind)) : drawn
  const lots = present.flatMap((kind) => new Array<FaultKind>(ALL_FAULT_KINDS[kind].weight * random.pick([1, 1, 3])).fill(kind))
  return Array.from({ length: Math.round((setup.durationMs / 1_000) * FAULTS_PER_SECOND) }, () => {
    return faultOf(random.pick(lots), setup, random)
  })
}

function faultOf(kind: FaultKind, setup: Setup, random: SeededRandom): Fault {
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
function revocationsOf(setup: Setup, random: SeededRandom): Fault[] {
  if (random.float() >= REVOCATIONS_SHARE) return []
  return Array.from({ length: random.integer(2, 4) }, () => faultOf("revoked", setup, random)).flatMap((revoked) =>
    setup.nodes > 1 && random.float() < 0.5 ? [fallsBehind(revoked, setup, random), revoked] : [revoked],
  )
}

/** A node that does not hear of it in time. */
function fallsBehind({ at }: Fault, setup: Setup, random: SeededRandom): Fault {
  const kind = random.pick(["slow-tail", "slow-tail", "broker-cut", "paused-node"] as const)
  return { ...faultOf(kind, setup, random), at: Math.max(0, at - random.integer(0, 1_500)), forMs: 4_000, amount: 0.5 + random.float() / 2 }
}

/** In some runs servers are asked for more than they can carry. */
function busyTimes(setup: Setup, random: SeededRandom): Fault[] {
  if (random.float() >= LOAD_SHARE) return []
  return Array.from({ length: random.integer(2, 4) }, () => faultOf("busy-node", setup, random))
}

/** Where outboxes outlive pages, these end more often. */
function pageEnds(setup: Setup, random: SeededRandom): Fault[] {
  const { keeping: clients = 0 } = setup
  if (clients === 0) return []
  return Array.from({ length: random.integer(2, 4) }, () => faultOf("reload", { ...setup, clients }, random))
}

/** What a broker loses together with the disks of all who had applied it, nobody can notice. */
function forgets(kind: FaultKind): boolean {
  return kind === "new-disk" || kind === "old-backup"
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
