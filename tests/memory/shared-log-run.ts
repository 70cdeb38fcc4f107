import { APPLY_VERSION, memorySnapshots, type Outcome, type SharedLog } from "@magpie/journal"
import { toMagpieError } from "@magpie/protocol"
import type { SeededRandom } from "@magpie/testing"
import { message, type NodeOptions, PARTITIONS, type SharedLogBed, sharedLogBed } from "./shared-log-bed.ts"
import { createOwners, type Owners } from "./shared-log-owners.ts"

export const NAMES = ["a", "b", "c"]
export const CHANNELS = ["c/1", "c/2", "c/3", "c/4"]
const STEPS = 150
const RETRIES = 40

export interface Acked {
  readonly channel: string
  readonly data: string
  readonly epoch: string
  readonly offset: number
}

/** A node that took itself out, or was not let in. */
export interface Refusal {
  readonly code: string
  readonly supports: number
  /** The rules that it met. */
  readonly applyVersion: unknown
}

export interface Run {
  readonly bed: SharedLogBed
  readonly random: SeededRandom
  readonly acked: Acked[]
  /** Without a sequence and without an answer: stored once or not at all. */
  readonly unknown: Set<string>
  readonly counts: Map<string, number>
  readonly owners: Owners
  /** The rules that each node knows. */
  readonly supports: Map<string, number>
  readonly refusals: Refusal[]
  rollbacks: number
}

/** One publisher with sequences: it sends each message until it is stored, to whichever node is there. */
async function publishInSequence(run: Run, producer: string, messages: number): Promise<void> {
  const { bed, random } = run
  const channel = random.pick(CHANNELS)
  let sequence = 0
  for (let number = 1; number <= messages; number++) {
    const data = `${producer}-${number}`
    for (let attempt = 0; ; attempt++) {
      if (attempt > RETRIES) throw new Error(`${data} was never stored`)
      const outcome = await attemptOn(run, (log) => log.publish(message(data, { channel, producer, sequence: sequence + 1 })))
      if (outcome?.result === "stored" || outcome?.result === "duplicate") {
        run.acked.push({ channel, data, ...outcome.position })
        sequence++
        break
      }
      // The log lost what came before: a client would be told of the new epoch and go on from what is there.
      if (outcome?.result === "out-of-order") sequence = outcome.expected - 1
      // A message that was numbered anew may meet its own older copy.
      if (outcome?.result === "conflict") sequence++
      await sleep(bed, random.integer(10, 400))
    }
    await sleep(bed, random.integer(0, 200))
  }
}

/** Server code without sequences and keys: it asks once. */
async function publishOnce(run: Run, name: string, messages: number): Promise<void> {
  for (let number = 1; number <= messages; number++) {
    const channel = run.random.pick(CHANNELS)
    const data = `${name}-${number}`
    const outcome = await attemptOn(run, (log) => log.publish(message(data, { channel })))
    if (outcome?.result === "stored") run.acked.push({ channel, data, ...outcome.position })
    else run.unknown.add(data)
    await sleep(run.bed, run.random.integer(0, 300))
  }
}

async function attemptOn({ bed, random }: Run, publish: (log: SharedLog) => Promise<Outcome>): Promise<Outcome | undefined> {
  const log = bed.logs.get(random.pick(NAMES))
  if (log === undefined) return undefined
  // A node that is killed answers nothing any more.
  const dead = sleep(bed, 30_000).then(() => undefined)
  return Promise.race([publish(log).catch(() => undefined), dead])
}

function sleep(bed: SharedLogBed, ms: number): Promise<void> {
  return new Promise((resolve) => void bed.env.clock.setTimer(ms, resolve))
}

type Fault = (run: Run, node: string) => void | Promise<void>

const FAULTS: Readonly<Record<string, Fault>> = {
  latency: ({ bed, random }, node) => bed.model.setLatency({ minMs: 0, maxMs: random.pick([1, 20, 300]) }, node),
  refuse({ bed, random }, node) {
    bed.model.refuseAppends(node, true)
    bed.env.clock.setTimer(random.integer(100, 2_000), () => bed.model.refuseAppends(node, false))
  },
  lostAcks: ({ bed, random }, node) => bed.model.loseAcks(node, random.integer(1, 3)),
  late: ({ bed, random }, node) => bed.model.landLate(node, random.integer(1, 2), random.integer(500, 20_000)),
  double: ({ bed, random }, node) => bed.model.doubleAppends(node, random.integer(1, 3)),
  redeliver: ({ bed, random }, node) => void bed.model.redeliver(node, random.integer(1, 50)),
  cut({ bed, random }, node) {
    bed.model.cut(node)
    bed.env.clock.setTimer(random.integer(100, 15_000), () => bed.model.heal(node))
  },
  lag({ bed, random }, node) {
    bed.model.slowTail(node, random.integer(100, 2_000))
    bed.env.clock.setTimer(random.integer(1_000, 10_000), () => bed.model.slowTail(node, 0))
  },
  reconnect: ({ bed }, node) => bed.model.reconnect(node),
  hole: ({ bed, random }) => bed.model.skipPositions(random.integer(0, PARTITIONS - 1), random.integer(1, 5)),
  poison: ({ bed, random }) => bed.model.land(random.integer(0, PARTITIONS - 1), random.bytes(20)),
  restart: ({ bed }) => void bed.model.restart(),
  rollback(run) {
    const { bed, random } = run
    if (bed.model.restart({ lose: random.integer(1, 12), partition: random.integer(0, PARTITIONS - 1) }) > 0) run.rollbacks++
  },
  fullDisk: ({ bed }, node) => bed.disk(node).failNextCommit("unavailable"),
  kill: (run, node) => down(run, node, 100, 10_000),
  /** Longer than a node counts as present: the others go on to rules that it may not know. */
  away: (run, node) => down(run, node, 11_000, 20_000),
}

/** Only where nodes of several versions share the log, so that the other runs stay what they were. */
const OF_VERSIONS = ["away"]
const DOWN = ["kill", "away"]

async function down({ bed, random, counts }: Run, node: string, minMs: number, maxMs: number): Promise<void> {
  if (!bed.logs.has(node) || bed.logs.size < 3) return
  bed.crash(node)
  counts.set("killed", (counts.get("killed") ?? 0) + 1)
  await sleep(bed, random.integer(minMs, maxMs))
}

export interface Plan {
  readonly seed: string
  readonly rollbacks: boolean
  readonly snapshots: boolean
  /** Whether the nodes know different rules, and claim and spend beside what is published. */
  readonly mixed?: boolean
}

/** Plays until everything is published and all nodes are back, on a network and disks without faults. */
export async function play(plan: Plan): Promise<Run> {
  const { seed, rollbacks, mixed = false } = plan
  const bed = sharedLogBed(seed)
  const random = bed.env.random.fork("workload")
  const owners = createOwners(bed, bed.env.random.fork("owners"))
  const supports = versionsOf(plan, bed.env.random.fork("versions"))
  const run: Run = { bed, random, acked: [], unknown: new Set(), counts: new Map(), owners, supports, refusals: [], rollbacks: 0 }
  const supervisor = createSupervisor(run, plan)
  await supervisor.startAll()
  const kinds = Object.keys(FAULTS).filter((kind) => (rollbacks || kind !== "rollback") && (mixed || !OF_VERSIONS.includes(kind)))
  const faults = bed.env.random.fork("faults")
  const chosen = kinds.filter((kind) => faults.float() < 0.6 || OF_VERSIONS.includes(kind))
  const workload = [publishInSequence(run, "ada", STEPS / 2), publishInSequence(run, "bea", STEPS / 2), publishOnce(run, "job", STEPS / 2)]
  if (mixed) workload.push(owners.work(STEPS / 2))
  let working = true
  const work = Promise.all(workload).finally(() => {
    working = false
  })
  work.catch(() => {})
  for (let step = 0; working; step++) {
    await bed.env.clock.advance(faults.integer(50, 1_500))
    if (step > STEPS || chosen.length === 0) continue
    const kind = faults.pick(chosen)
    run.counts.set(kind, (run.counts.get(kind) ?? 0) + 1)
    const name = faults.pick(NAMES)
    const done = FAULTS[kind]?.(run, name)
    if (DOWN.includes(kind)) supervisor.revive(name, Promise.resolve(done))
  }
  await work
  heal(bed)
  await bed.settled(supervisor.allBack())
  await bed.env.clock.advance(40_000)
  await bed.settled(supervisor.allBack())
  return run
}

/** Those of this Magpie, unless they are to differ: then one node at least knows less. */
function versionsOf({ mixed = false }: Plan, random: SeededRandom): Map<string, number> {
  const supports = new Map(NAMES.map((name) => [name, mixed ? random.integer(1, APPLY_VERSION) : APPLY_VERSION]))
  if (mixed) supports.set(random.pick(NAMES), random.integer(1, APPLY_VERSION - 1))
  return supports
}

function heal({ model }: SharedLogBed): void {
  for (const name of NAMES) {
    model.heal(name)
    model.refuseAppends(name, false)
    model.slowTail(name, 0)
    model.loseAcks(name, 0)
    model.landLate(name, 0, 0)
    model.doubleAppends(name, 0)
    model.setLatency({ minMs: 0, maxMs: 5 })
  }
}

/** Starts nodes again, those that could not read the journal in time and, with a newer Magpie, those that met rules that they do not know. */
function createSupervisor(run: Run, { snapshots, mixed = false }: Plan) {
  const { bed, owners, supports, refusals } = run
  const options: NodeOptions = snapshots ? { snapshots: memorySnapshots(), snapshotEvery: 100 } : {}
  const upgrades = bed.env.random.fork("upgrades")
  const starting = new Map<string, Promise<unknown>>()
  const knows = (name: string): number => supports.get(name) ?? APPLY_VERSION

  function refused(name: string, error: unknown): void {
    const { code, details } = toMagpieError(error)
    refusals.push({ code, supports: knows(name), applyVersion: details?.applyVersion })
    supports.set(name, upgrades.integer(Math.min(knows(name) + 1, APPLY_VERSION), APPLY_VERSION))
  }

  async function open(name: string): Promise<void> {
    for (;;) {
      try {
        const log = await bed.open(name, mixed ? { ...options, supports: knows(name) } : options)
        owners.watch(log)
        if (mixed) log.onFenced((cause) => fenced(name, log, cause))
        return
      } catch (error) {
        const { code } = toMagpieError(error)
        if (mixed && code === "INVALID_OPTIONS") refused(name, error)
        else if (code !== "UNAVAILABLE") throw error
      }
    }
  }

  function fenced(name: string, log: SharedLog, cause: unknown): void {
    if (log.ready) throw new Error(`${name} is fenced and says that it is ready`)
    refused(name, cause)
    const stopped = (starting.get(name) ?? Promise.resolve())
      .then(() => sleep(bed, upgrades.integer(500, 5_000)))
      .then(() => void (bed.logs.has(name) && bed.crash(name)))
    startAfter(name, stopped)
  }

  function startAfter(name: string, gone: Promise<void>): void {
    const back = gone.then(() => open(name)).finally(() => starting.get(name) === back && starting.delete(name))
    starting.set(name, back)
  }

  return {
    /** A node that is down by now comes back behind `gone`. */
    revive(name: string, gone: Promise<void>): void {
      if (!bed.logs.has(name) && !starting.has(name)) startAfter(name, gone)
    },
    async startAll(): Promise<void> {
      const oldestFirst = [...NAMES].sort((a, b) => knows(a) - knows(b))
      for (const name of oldestFirst) await bed.settled(open(name))
    },
    allBack: () => Promise.all(starting.values()),
  }
}
