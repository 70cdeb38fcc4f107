import { memorySnapshots, type Outcome, type SharedLog } from "@magpie/journal"
import { isMagpieError } from "@magpie/protocol"
import type { SeededRandom } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { datas, message, type NodeOptions, PARTITIONS, type SharedLogBed, sharedLogBed } from "./shared-log-bed.ts"

const NAMES = ["a", "b", "c"]
const CHANNELS = ["c/1", "c/2", "c/3", "c/4"]
const STEPS = 150
const RETRIES = 40

interface Acked {
  readonly channel: string
  readonly data: string
  readonly epoch: string
  readonly offset: number
}

interface Run {
  readonly bed: SharedLogBed
  readonly random: SeededRandom
  readonly acked: Acked[]
  /** Without a sequence and without an answer: stored once or not at all. */
  readonly unknown: Set<string>
  readonly counts: Map<string, number>
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
  async kill({ bed, random, counts }, node) {
    if (!bed.logs.has(node) || bed.logs.size < 3) return
    bed.crash(node)
    counts.set("killed", (counts.get("killed") ?? 0) + 1)
    await sleep(bed, random.integer(100, 10_000))
  },
}

interface Plan {
  readonly seed: string
  readonly rollbacks: boolean
  readonly snapshots: boolean
}

async function play({ seed, rollbacks, snapshots }: Plan): Promise<Run> {
  const bed = sharedLogBed(seed)
  const random = bed.env.random.fork("workload")
  const run: Run = { bed, random, acked: [], unknown: new Set(), counts: new Map(), rollbacks: 0 }
  const node = snapshots ? { snapshots: memorySnapshots(), snapshotEvery: 100 } : {}
  for (const name of NAMES) await bed.start(name, node)
  const kinds = Object.keys(FAULTS).filter((kind) => rollbacks || kind !== "rollback")
  const faults = bed.env.random.fork("faults")
  const chosen = kinds.filter(() => faults.float() < 0.6)
  const workload = [publishInSequence(run, "ada", STEPS / 2), publishInSequence(run, "bea", STEPS / 2), publishOnce(run, "job", STEPS / 2)]
  const starting = new Map<string, Promise<unknown>>()
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
    if (kind !== "kill" || bed.logs.has(name) || starting.has(name)) continue
    starting.set(
      name,
      Promise.resolve(done)
        .then(() => openAgain(bed, name, node))
        .finally(() => starting.delete(name)),
    )
  }
  await work
  for (const name of NAMES) {
    bed.model.heal(name)
    bed.model.refuseAppends(name, false)
    bed.model.slowTail(name, 0)
    bed.model.loseAcks(name, 0)
    bed.model.landLate(name, 0, 0)
    bed.model.doubleAppends(name, 0)
    bed.model.setLatency({ minMs: 0, maxMs: 5 })
  }
  await bed.settled(Promise.all(starting.values()))
  await bed.env.clock.advance(40_000)
  return run
}

/** A node that could not read the journal in time is started again, as its supervisor would. */
async function openAgain(bed: SharedLogBed, name: string, node: NodeOptions): Promise<void> {
  for (;;) {
    try {
      await bed.open(name, node)
      return
    } catch (error) {
      if (!isMagpieError(error) || error.code !== "UNAVAILABLE") throw error
    }
  }
}

function check({ bed, acked, rollbacks }: Run): void {
  const log = bed.log("a")
  for (const channel of CHANNELS) {
    const all = datas(log, channel)
    expect(new Set(all).size).toBe(all.length)
    for (const name of NAMES) expect(datas(bed.log(name), channel)).toEqual(all)
    const { epoch } = log.newest(channel)
    const answers = acked.filter((one) => one.channel === channel)
    for (const { data, offset, epoch: told } of answers) {
      // What was acknowledged in an older epoch may have gone with it; its publisher's position says so.
      if (told === epoch || rollbacks === 0) expect(all[offset - 1]).toBe(data)
      else expect(log.resume(channel, { epoch: told, offset })).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
    }
  }
}

const seeds = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `shared-${from + index}`)

describe("three nodes over a journal with faults", () => {
  for (const seed of seeds(1, 12)) {
    test(`[G1] [G2] [G3] have equal states and every acknowledged publish once (${seed})`, async () => {
      const run = await play({ seed, rollbacks: false, snapshots: Number(seed.at(-1)) % 2 === 0 })
      await run.bed.agreed()
      check(run)
      await run.bed.close()
      expect(run.bed.env.clock.pendingTimers).toBe(0)
    })
  }

  // 2452: a snapshot of what was lost was taken for the newest again and again.
  for (const seed of [...seeds(101, 112), "shared-2452"]) {
    test(`[F70] tell every publisher of what the journal lost by a new epoch (${seed})`, async () => {
      const run = await play({ seed, rollbacks: true, snapshots: Number(seed.at(-1)) % 2 === 0 })
      await run.bed.agreed()
      check(run)
      await run.bed.close()
      expect(run.bed.env.clock.pendingTimers).toBe(0)
    })
  }
})
