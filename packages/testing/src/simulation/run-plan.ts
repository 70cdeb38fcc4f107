import type { Timer } from "@magpie/protocol"
import { ALL_FAULT_KINDS, type FaultKind } from "./faults/fault-kinds.ts"
import type { FaultRow } from "./faults/fault-row.ts"
import { checkHealed, notYetHealed } from "./healed.ts"
import { type HonestResults, honestResults } from "./isolation/honest-results.ts"
import { Violation } from "./judge/violation.ts"
import type { Fault, Plan } from "./plan.ts"
import { probeOverload } from "./probe-overload.ts"
import { probeRevocation } from "./probe-revocation.ts"
import { checkResources } from "./resources.ts"
import { STREAMS } from "./simulated-app.ts"
import type { TraceListener } from "./trace.ts"
import { createWorld, type World } from "./world.ts"

/** What a run came to. `faults` counts those that struck while something was under way that they could hurt. */
export interface RunResult {
  readonly seed: number
  readonly violation: { readonly invariant: string; readonly message: string; readonly atMs: number } | undefined
  readonly hash: string
  readonly steps: number
  readonly operations: number
  readonly faults: number
  readonly faultsByKind: Readonly<Record<string, number>>
  readonly sometimes: Readonly<Record<string, number>>
}

export interface RunOptions {
  /** Events after which a run is called a livelock. */
  readonly maxSteps?: number
  /** Hears of every event, to be read by a person. */
  readonly tell?: TraceListener | undefined
  /** Hears what the run came to for honest clients, once everything was whole again. */
  readonly onHealed?: (results: HonestResults) => void
}

/** What heals takes: twice the longest wait of a client, its longest timeouts, and the longest fault that was begun at the end. */
const HEAL_LIMIT_MS = 120_000
const HEAL_LOOK_MS = 100
const CLOSE_LIMIT_MS = 60_000
/** What a close has settled is done within it; a timer that was forgotten waits longer. */
const LAST_TURN_MS = 1
const MAX_STEPS = 400_000
const RESOURCES_EVERY_MS = 250
/** What is looked at once more where nothing else is wrong, in runs with such faults. */
const PROBES = [
  ["revoked", probeRevocation],
  ["busy-node", probeOverload],
] as const

/** Runs a plan to its end: faults and work, then no more of either until everything is whole again, then the close. */
export async function runPlan(plan: Plan, { maxSteps = MAX_STEPS, tell, onHealed }: RunOptions = {}): Promise<RunResult> {
  const world = createWorld(plan, tell)
  const { scheduler, judge } = world
  const counted = new Map<FaultKind, number>()
  const undo = new Set<() => void>()
  const director = scheduler.clock("director")
  const over = (): boolean => {
    if (scheduler.steps > maxSteps) judge.broken(new Violation("I25", `no end after ${maxSteps} steps`))
    return judge.violation !== undefined
  }

  function begin(fault: Fault): void {
    const row: FaultRow = ALL_FAULT_KINDS[fault.kind]
    const busyBefore = isBusy(world, row, fault)
    let counts = false
    const struck = (): void => {
      if (counts || !isBusy(world, row, fault)) return
      counts = true
      count(fault.kind)
    }
    if (fault.kind !== "lost-frame")
      world.blindness.disturbed(row.on === "client" ? fault.target : undefined, fault.forMs + (row.echoMs ?? 0))
    const end = row.strike(world, { ...fault, struck })
    world.trace.add(scheduler.monotonicMs, "fault", `${fault.kind} ${fault.target}`)
    if (end === undefined) return
    if (!row.waits && busyBefore) {
      counts = true
      count(fault.kind)
    }
    const finish = (): void => {
      if (!undo.delete(finish)) return
      if (!row.waits) struck()
      end()
    }
    undo.add(finish)
    if (fault.forMs === 0) finish()
    else director.setTimer(fault.forMs, finish)
  }

  const count = (kind: FaultKind): void => void counted.set(kind, (counted.get(kind) ?? 0) + 1)

  let watching: Timer | undefined
  let healing = false
  const watch = (): void => {
    checkResources(world)
    checkPresence(world)
    // A user whose right is back asks again.
    if (healing) for (const client of world.clients) for (const channel of STREAMS) client.retry(channel)
    // And so is one whose earlier page left something.
    if (healing) for (const client of world.clients) client.takeUp()
    watching = director.setTimer(RESOURCES_EVERY_MS, watch)
  }

  try {
    for (const node of world.nodes) node.start()
    for (const action of plan.actions) director.setTimer(action.at, () => world.act(action))
    for (const fault of plan.faults) director.setTimer(fault.at, () => begin(fault))
    watch()
    await scheduler.run(plan.setup.durationMs, over)
    // Each in a turn of its own: a process must not start on a disk that is half restored.
    for (const end of [...undo]) {
      end()
      await scheduler.run(scheduler.monotonicMs, over)
    }
    for (const { disk } of world.nodes) disk.heal()
    world.hostile.leave()
    healing = true
    await heal()
    if (!over()) await probe(world)
    if (!over()) onHealed?.(honestResults(world))
    for (const [kind, probeIt] of PROBES) {
      if (over() || !plan.faults.some((fault) => fault.kind === kind)) continue
      await probeIt(world, (ms) => scheduler.run(scheduler.monotonicMs + ms, over))
      await heal()
    }
    if (!over()) await close(world)
  } catch (failure) {
    judge.broken(failure)
  }
  const { violation } = judge
  return {
    seed: plan.seed,
    violation: violation && {
      invariant: violation instanceof Violation ? violation.invariant : "I21",
      message: violation instanceof Violation ? violation.message : String(violation.stack ?? violation),
      atMs: Math.round(scheduler.monotonicMs),
    },
    hash: world.trace.hash,
    steps: scheduler.steps,
    operations: world.operations,
    faults: [...counted.values()].reduce((sum, count) => sum + count, 0),
    faultsByKind: Object.fromEntries(counted),
    sometimes: Object.fromEntries(judge.sometimes),
  }

  /** Who sees whom, as far as each is told now. */
  function checkPresence({ clients, nodes }: World): void {
    judge.presence.look((connection) => nodes.some(({ core }) => core?.connections.get(connection) !== undefined))
    for (const { publisher, hall } of clients) for (const { user, state } of hall ?? []) judge.presence.seen(publisher, user, state)
  }

  async function heal(): Promise<void> {
    const end = scheduler.monotonicMs + HEAL_LIMIT_MS
    while (!over() && scheduler.monotonicMs < end && notYetHealed(world) !== undefined)
      await scheduler.run(scheduler.monotonicMs + HEAL_LOOK_MS, over)
    if (!over()) checkHealed(world)
  }

  /** Whatever a client has been through, what it says now is stored, and given to everybody. */
  async function probe({ clients, rights }: World): Promise<void> {
    const before = judge.publishes.count
    for (const client of clients) for (const channel of STREAMS) if (!rights.isDenied(client.name, channel)) client.publish(channel)
    await heal()
    for (const { id, channel, outcome } of [...judge.publishes].slice(before)) {
      if (outcome.result === "stored") continue
      const code = "code" in outcome ? outcome.code : ""
      // A second old copy may know numbers that the first did not, and that were given anew meanwhile: their sender is told.
      if (code === "CONFLICT" && judge.wasSetBack) continue
      throw new Violation("I22", `nothing was wrong any more, and ${id} on ${channel} was ${outcome.result} ${code}`)
    }
  }

  /** A fault counts where it meets work: of the client that it strikes, or of anybody where it strikes a node. */
  function isBusy({ clients, nodes }: World, { on }: FaultRow, { target }: Fault): boolean {
    return on === "client"
      ? (clients[target]?.isBusy ?? false)
      : clients.some((client) => client.isBusy) || (nodes[target]?.disk.flushing ?? false)
  }

  /** After everybody has gone nothing may be left [G12]. */
  async function close({ clients, nodes, hostile }: World): Promise<void> {
    hostile.check()
    let closed = 0
    const parties = [...clients.map((client) => client.close()), ...nodes.map((node) => node.retire())]
    for (const party of parties) party.then(() => closed++, judge.broken)
    watching?.cancel()
    const end = scheduler.monotonicMs + CLOSE_LIMIT_MS
    await scheduler.run(end, () => over() || closed === parties.length)
    if (closed < parties.length) throw new Violation("I24", `${parties.length - closed} did not close within ${CLOSE_LIMIT_MS} ms`)
    await scheduler.run(scheduler.monotonicMs + LAST_TURN_MS, over)
    const keeper = clients.find(({ kept }) => kept > 0)
    if (keeper !== undefined) throw new Violation("G12", `${keeper.kept} sends are left on the disk of ${keeper.name}`)
    const own = new Set([...clients, ...nodes].map(({ name }) => name))
    const left = [...scheduler.owners].filter((owner) => own.has(owner))
    if (left.length > 0) throw new Violation("G12", `timers are left after the close, of ${left}`)
    world.broker.close()
    await scheduler.run(scheduler.monotonicMs + CLOSE_LIMIT_MS, over)
    if (scheduler.pending > 0) throw new Violation("G12", `timers are left after the close, of ${[...scheduler.owners]}`)
  }
}
