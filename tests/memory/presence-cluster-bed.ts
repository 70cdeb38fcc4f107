import { type Client, connect } from "@magpie/client"
import { type Presence, presence } from "@magpie/client/presence"
import { memoryStorage, openSharedLog, type SharedLog } from "@magpie/journal"
import type { KindOf, Limits } from "@magpie/protocol"
import { type Core, checkOptions, createCore, retentionOf, type User } from "@magpie/server/core"
import {
  type BusModel,
  busModel,
  type FakeEnv,
  type FakeProcess,
  fakeCrypto,
  fakeEnv,
  fakeProcess,
  journalModel,
  type MemoryNetwork,
  memoryNetwork,
} from "@magpie/testing"
import { expect } from "vitest"
import { type App, app, ROOM } from "./presence-bed.ts"

export type Room = Presence<KindOf<App, "room/:id">>

interface Node {
  readonly its: FakeProcess
  readonly core: Core<App, User>
  readonly log: SharedLog
  readonly unlisten: () => void
}

/** A client that is told to which node its next link goes. */
export interface Roamer {
  readonly client: Client<App>
  readonly room: Room
  /** Its address on the network. */
  readonly address: string
  goTo(host: string): void
}

/** Three servers over one journal and one bus, and clients that move between them. */
export interface PresenceCluster {
  readonly env: FakeEnv
  readonly network: MemoryNetwork
  readonly bus: BusModel
  core(host: string): Core<App, User>
  /** A session of that user on that node: present where a state is given. */
  roamer(user: string, host: string, state?: string): Roamer
  /** Without a word. */
  kill(host: string): void
  pause(host: string): void
  resume(host: string): void
  start(host: string): Promise<void>
  close(): Promise<void>
}

export interface ClusterOptions {
  readonly seed?: number | string
  readonly limits?: Partial<Limits>
  readonly hosts?: readonly string[]
}

export const HOSTS = ["a.test", "b.test", "c.test"] as const

export async function startCluster({ seed = 1, limits = {}, hosts = HOSTS }: ClusterOptions = {}): Promise<PresenceCluster> {
  const env = fakeEnv({ seed })
  const network = memoryNetwork(env)
  const model = journalModel({ env, random: env.random.fork("journal"), partitions: 3 })
  const bus = busModel({ env, random: env.random.fork("bus") })
  const checked = checkOptions({
    auth: { authenticate: ({ token }) => ({ user: token === undefined ? undefined : { id: token } }) },
    sessionKey: new Uint8Array(32).fill(7),
    heartbeatMs: 2_000,
    pongTimeoutMs: 2_000,
    limits,
  })
  const settings = { retention: retentionOf(app), deduplicationMs: checked.deduplicationMs }
  const nodes = new Map<string, Node>()
  const clients: Client<App>[] = []
  let lives = 0

  async function settled<T>(pending: Promise<T>): Promise<T> {
    let done = false
    void pending.finally(() => {
      done = true
    })
    await env.clock.until(() => done)
    return pending
  }

  async function start(host: string): Promise<void> {
    const its = fakeProcess({ ...env, random: env.random.fork(`${host}-${++lives}`) })
    const journal = model.connect(host, its.run)
    const log = await settled(openSharedLog({ storage: memoryStorage(), journal, env: its.env, settings, node: host }))
    const core = createCore<App, User>(app, checked, log, { ...its.env, crypto: fakeCrypto, bus: bus.connect(host, its.run) })
    for (const pattern of ["room/:id", "log/:id", "prices/:id", "bare/:id"] as const) core.channel(pattern, { authorize: () => true })
    nodes.set(host, { its, core, log, unlisten: network.listen(host, core) })
  }

  function node(host: string): Node {
    const found = nodes.get(host)
    if (found === undefined) throw new Error(`${host} is not running`)
    return found
  }

  for (const host of hosts) await start(host)

  return {
    env,
    network,
    bus,
    core: (host) => node(host).core,
    roamer(user, host, state) {
      const address = `${user}-${clients.length}`
      const transport = network.transport({ address })
      let next = host
      const signals = { onNetwork: () => () => {}, onWake: () => () => {} }
      const open: typeof transport.open = (_url, protocols, events) => transport.open(`ws://${next}`, protocols, events)
      const environment = { ...env, random: env.random.fork(`client-${clients.length}`), transport: { open }, signals }
      const client = connect<App>("ws://cluster", { contract: app, environment, token: user, backoff: { initialMs: 100, maxMs: 500 } })
      clients.push(client)
      const room = presence(client.channel(ROOM), state === undefined ? {} : { state: { name: state } })
      return {
        client,
        room,
        address,
        goTo(other) {
          next = other
        },
      }
    },
    kill(host) {
      const { its, unlisten } = node(host)
      its.kill()
      unlisten()
      model.crash(host)
      bus.crash(host)
      nodes.delete(host)
    },
    pause: (host) => node(host).its.pause(),
    resume: (host) => node(host).its.resume(),
    start,
    async close() {
      await settled(Promise.all(clients.map((client) => client.close())))
      await settled(Promise.all([...nodes.values()].map(({ core }) => core.close({ spreadMs: 0 }))))
      model.close()
      await env.clock.advance(60_000)
      expect(env.clock.pendingTimers).toBe(0)
    },
  }
}

/** What somebody sees of a room, one line for each event. */
export function look(room: Room): string[] {
  const lines: string[] = []
  room.on("join", ({ state }) => lines.push(`+${state.name}`))
  room.on("update", ({ state }) => lines.push(`~${state.name}`))
  room.on("leave", ({ state }) => lines.push(`-${state.name}`))
  return lines
}

export const names = (room: Room): string[] => [...room.members.values()].map(({ state }) => state.name).sort()
