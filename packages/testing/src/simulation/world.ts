import type { DurableLog } from "@magpie/journal"
import { type Clock, type Env, type LogLevel, toMagpieError } from "@magpie/protocol"
import { type CheckedOptions, checkOptions } from "@magpie/server/core"
import { type BusModel, busModel } from "../bus-model.ts"
import { crashingLanes } from "../crashing-lanes.ts"
import { type MemoryNetwork, memoryNetwork } from "../memory-network.ts"
import { type SeededRandom, seededRandom, streamOfEach } from "../seeded-random.ts"
import { type Backend, createBackend } from "./backend.ts"
import { type Blindness, createBlindness } from "./blindness.ts"
import { type Broker, createBroker, orderOf } from "./broker.ts"
import { addressOf } from "./faults/client-faults.ts"
import { type Delay, delayBy } from "./faults/fault-row.ts"
import { RESTART_MS } from "./faults/node-faults.ts"
import { createHostileClient, type HostileClient } from "./hostile-client.ts"
import { createJudge, type Judge } from "./judge/judge.ts"
import { Violation } from "./judge/violation.ts"
import { perform } from "./perform.ts"
import type { Action, Plan } from "./plan.ts"
import { checkQueue } from "./resources.ts"
import { createRevoker, type Revoker } from "./revoker.ts"
import { createScheduler, type Scheduler } from "./scheduler.ts"
import { createRights, DEVICE, HALL, NOTES, type Rights, STREAMS, streamAt, TABLE } from "./simulated-app.ts"
import { createSimulatedClient, type SimulatedClient } from "./simulated-client.ts"
import { createSimulatedDisk } from "./simulated-disk.ts"
import { everyTransport } from "./simulated-http.ts"
import { createSimulatedLanes } from "./simulated-lanes.ts"
import { createSimulatedNode, type SimulatedNode } from "./simulated-node.ts"
import { issue, simulatedAuth } from "./simulated-token.ts"
import { createTrace, type Trace, type TraceListener } from "./trace.ts"

/** Nodes, clients, network, disks and a judge, on one clock. */
export interface World {
  readonly scheduler: Scheduler
  readonly network: MemoryNetwork
  readonly nodes: readonly SimulatedNode[]
  readonly clients: readonly SimulatedClient[]
  readonly hostile: HostileClient
  readonly backend: Backend
  readonly revoker: Revoker
  readonly judge: Judge
  readonly trace: Trace
  readonly rights: Rights
  /** Extra milliseconds for a frame, by client address. */
  readonly slowLinks: Map<string, Delay>
  /** How late the event loop of a server is, in milliseconds, by node. */
  readonly lags: Map<number, number>
  /** Extra milliseconds for a flush, by node. */
  readonly slowDisks: Map<number, Delay>
  /** Of who starts processes again. */
  readonly supervisor: Clock
  readonly broker: Broker
  readonly bus: BusModel
  /** The cap of what a server holds for one connection. */
  readonly queuedBytes: number
  readonly blindness: Blindness
  /** Whether clients change to better transports by themselves, whatever is wrong or not. */
  readonly climbing: boolean
  /** What users of the clients asked for so far. */
  readonly operations: number
  act(action: Action): void
  takeRight(client: number, choice: number): (() => void) | undefined
}

/** How long a server and a client may each take to notice that a link is dead, and how long a fault may hold both up. */
const NOTICE_MS = 75_000

/** How long after its end a session may be seen: until its server notices and the lease is over, and its watcher is told. */
function ghostMsOf({ heartbeatMs, pongTimeoutMs, presenceLeaseMs }: CheckedOptions): number {
  return heartbeatMs + pongTimeoutMs + presenceLeaseMs + NOTICE_MS
}

/** As docs/overload.md promises it. */
function sheddingOrder({ limits }: CheckedOptions) {
  return [
    ["presence", limits.shedPresenceLagMs],
    ["broadcasts", limits.shedBroadcastsLagMs],
    ["connections", limits.shedConnectionsLagMs],
    ["history", limits.shedHistoryLagMs],
  ] as const
}

/** How long somebody who was sent away takes to come in again, or to be sent away again. */
const LOGIN_MS = 700
/** Log lines that say that Magpie itself went wrong. */
const OWN_FAULTS: readonly string[] = ["journal.listener-failed"]

export function createWorld(plan: Plan, tell?: TraceListener): World {
  const { setup, seed } = plan
  const random = seededRandom(`magpie-${seed}`)
  const scheduler = createScheduler(random.fork("scheduler"))
  const trace = createTrace(tell)
  const rights = createRights(() => scheduler.monotonicMs)
  const settings = checkOptions({
    auth: simulatedAuth,
    heartbeatMs: setup.heartbeatMs,
    presenceLeaseMs: setup.presenceLeaseMs,
    limits: setup.limits,
    // Servers that stand for each other know each other's sessions.
    ...(setup.nodes > 1 && { sessionKey: new Uint8Array(32).fill(1) }),
  })
  const isMeasured = plan.faults.some(({ kind }) => kind === "busy-node")
  const readyLogs = (): readonly DurableLog[] =>
    nodes.flatMap(({ log, fenced }) => (log !== undefined && !fenced && broker.isReady(log) ? [log] : []))
  const judge = createJudge({
    rights,
    partitionOf: (channel) => orderOf(setup, channel),
    monotonic: () => scheduler.monotonicMs,
    load: isMeasured
      ? { lagMs: (node) => lags.get(nodes.findIndex(({ name }) => name === node)) ?? 0, order: sheddingOrder(settings) }
      : undefined,
    logs: readyLogs,
    whole: () => readyLogs().length === nodes.length,
    level: setup.nodes === 1 ? "disk" : "quorum",
    leaseMs: settings.presenceLeaseMs,
    ghostMs: ghostMsOf(settings),
    furthestClock: () => issuer.now() + Math.max(...nodes.map(({ leadMs }) => leadMs)),
  })
  const slowLinks = new Map<string, Delay>()
  const supervisor = scheduler.clock("supervisor")
  const issuer = scheduler.clock("issuer")
  const slowDisks = new Map<number, Delay>()
  const lags = new Map<number, number>()
  let operations = 0

  function envOf(owner: string): Env & { readonly random: SeededRandom } {
    const log = (level: LogLevel, event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      trace.add(scheduler.monotonicMs, owner, event)
      judge.reached(`log-${event}`)
      if (event === "shedding") judge.overload?.sheds(owner, fields.sheds as readonly string[])
      const wrong = OWN_FAULTS.includes(event) || (level === "error" && fields.code === "INTERNAL")
      if (wrong) judge.broken(new Violation("I21", `${owner} logged ${event} ${JSON.stringify(fields)}`))
    }
    return { clock: scheduler.clock(owner), random: random.fork(owner), log }
  }

  const network = memoryNetwork(envOf("network"))
  const jitterOf = streamOfEach(random, "jitter")
  network.latencyMs = setup.latencyMs
  // Each address has a stream of its own, so that what one says changes nothing for the others.
  network.jitterMs = (address) => jitterOf(address).float() * setup.jitterMs + delayBy(slowLinks.get(address))
  const cutsOf = streamOfEach(random, "cuts")
  if (setup.transports) network.cutting = (address) => cutsOf(address).float()

  const bus = busModel({ env: envOf("bus"), random: random.fork("bus") })
  const broker = createBroker(setup, envOf("broker"), settings.deduplicationMs)
  const nodes = Array.from({ length: setup.nodes }, (_, index) => {
    const name = `node-${index}`
    const disk = createSimulatedDisk(random.fork(`disk-${index}`))
    const flush = random.fork(`flush-${index}`)
    disk.flushMs = () => flush.float() * 2 * setup.flushMs + delayBy(slowDisks.get(index))
    const node: SimulatedNode = createSimulatedNode({
      name,
      openLog: (its, storage) => broker.open(name, its, storage),
      openBus: (its) => (setup.nodes === 1 ? undefined : bus.connect(name, its.run)),
      onGone() {
        broker.model?.crash(name)
        bus.crash(name)
      },
      env: envOf(name),
      disk,
      network,
      rights,
      settings,
      load: isMeasured ? { lagMs: () => lags.get(index) ?? 0, memoryPercent: () => 0, rest() {} } : undefined,
      listener: {
        onApplied(epoch, publications) {
          for (const { channel, offset, data } of publications)
            trace.add(scheduler.monotonicMs, name, `${channel} ${offset} ${data.slice(0, 80)}`)
          judge.applied(
            name,
            epoch,
            publications.filter(({ channel }) => (STREAMS as readonly string[]).includes(channel)),
          )
          judge.scores.applied(
            name,
            publications.filter(({ channel }) => channel === TABLE),
          )
        },
        onAccepted: () => judge.accepted(name),
        onQueued: (bytes) => checkQueue(bytes, { judge, queuedBytes: settings.limits.queuedBytes }),
        onPassedOn: (id) => judge.overload?.passedOn(name, id),
        // A broker that was rolled back in this very turn has it build its log anew.
        onOpened(log) {
          if (!broker.isReady(log)) return
          judge.logOpened(name, log, setup.nodes > 1)
          judge.scores.opened(name, log)
        },
        onFenced() {
          judge.reached("fenced")
          supervisor.setTimer(RESTART_MS, () => {
            if (!node.fenced) return
            node.kill()
            supervisor.setTimer(RESTART_MS, node.start)
          })
        },
        onBootFailed(failure) {
          const { code } = toMagpieError(failure)
          judge.reached(`boot-failed-${code}`)
          if (code !== "UNAVAILABLE" && code !== "STORAGE_FENCED") judge.broken(failure)
          supervisor.setTimer(RESTART_MS, node.start)
        },
      },
    })
    return node
  })

  const hasCommands = plan.actions.some(({ do: what }) => what === "command")
  const balance = random.fork("balance")
  /** Every other client is behind a balancer that remembers nobody. */
  const balanceOf = (index: number): ((node: string) => string) => {
    const draws = random.fork(`requests-${index}`)
    return (node) => (index % 2 === 0 ? node : draws.pick(nodes).name)
  }
  const clients = Array.from({ length: setup.clients }, (_, index) =>
    createSimulatedClient({
      name: addressOf(index),
      env: envOf(addressOf(index)),
      network,
      judge,
      notes: plan.actions.some(({ do: what }) => what === "note"),
      commands: hasCommands,
      device: hasCommands && index === 0 ? crashingLanes(random.fork("device")) : undefined,
      rows: plan.actions.some(({ do: what }) => what === "row"),
      pickNode: () => balance.pick(nodes),
      token(page) {
        const token = issue(addressOf(index), page, issuer.now(), setup.tokenLifeMs)
        judge.revocations.issued(page, token)
        return token
      },
      lanes: index < (setup.keeping ?? 0) ? createSimulatedLanes(random.fork(`lanes-${index}`), () => scheduler.monotonicMs) : undefined,
      onSentAway: () => supervisor.setTimer(LOGIN_MS, () => clients[index]?.logIn()),
      trace: (what) => trace.add(scheduler.monotonicMs, addressOf(index), what),
      backoff: { initialMs: 200, maxMs: 3_000 },
      ...(setup.transports && { through: everyTransport({ network, address: addressOf(index), balance: balanceOf(index) }) }),
    }),
  )
  const overheard = random.fork("overheard")
  const hostile = createHostileClient({
    network,
    random: random.fork("mallory"),
    judge,
    nodes,
    overhear: () => overheard.pick(clients).papers,
  })
  const backend = createBackend({ clock: scheduler.clock("backend"), judge, pickNode: () => balance.pick(nodes) })
  const revokedAt = random.fork("revoked-at")
  for (const channel of [...STREAMS, HALL, NOTES, TABLE, DEVICE]) rights.deny(hostile.user, channel)

  return {
    scheduler,
    network,
    nodes,
    clients,
    hostile,
    backend,
    revoker: createRevoker({ clock: scheduler.clock("revoker"), judge, pickNode: () => revokedAt.pick(nodes) }),
    judge,
    trace,
    rights,
    slowLinks,
    lags,
    slowDisks,
    supervisor,
    broker,
    bus,
    queuedBytes: settings.limits.queuedBytes,
    climbing: setup.transports === true,
    blindness: createBlindness({ clock: scheduler.clock("judge"), clients, judge, setup }),
    get operations() {
      return operations
    },
    act(action) {
      operations++
      perform({ hostile, backend, clients }, action)
    },
    takeRight(index, choice) {
      const channel = streamAt(choice)
      const user = addressOf(index)
      if (rights.isDenied(user, channel)) return undefined
      rights.deny(user, channel)
      const running = nodes.filter((node) => !node.isDown)
      let told = 0
      for (const node of running) {
        node.run(() => {
          for (const connection of node.core?.connections.ofUser(user) ?? []) connection.disconnect()
          if (++told === running.length) rights.enforced(user, channel)
        })
      }
      return () => {
        rights.allow(user, channel)
        clients[index]?.retry(channel)
      }
    },
  }
}
