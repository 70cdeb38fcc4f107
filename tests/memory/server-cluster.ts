import { type Client, connect, type Transport } from "@magpie/client"
import { type Journal, memoryStorage, openSharedLog, type SharedLog } from "@magpie/journal"
import { DEFAULT_PATH } from "@magpie/protocol"
import {
  type ChannelRules,
  type Core,
  type CoreOptions,
  checkOptions,
  createCore,
  createHttpTransports,
  type HttpTransports,
  retentionOf,
  type User,
} from "@magpie/server/core"
import {
  type BusModel,
  busModel,
  type FakeEnv,
  type FakeProcess,
  fakeCrypto,
  fakeEnv,
  fakeProcess,
  type JournalModel,
  journalModel,
  type MemoryNetwork,
  memoryNetwork,
  type RawConnection,
  rawConnection,
} from "@magpie/testing"
import { afterEach, expect } from "vitest"
import { type App, app } from "./chat-bed.ts"

export const HOSTS = ["a.test", "b.test"]
const PARTITIONS = 3

/** Servers, each with a disk and a process of its own, over one journal and one bus. */
export interface ServerCluster {
  readonly env: FakeEnv
  readonly network: MemoryNetwork
  readonly model: JournalModel
  readonly bus: BusModel
  readonly logs: readonly SharedLog[]
  /** By its place among the hosts. */
  server(index: number): Core<App, User>
  readonly processes: readonly FakeProcess[]
  /** The server dies without a word. */
  kill(index: number): void
  client(host: string, user?: string, through?: Transport): Client<App>
  /** A link to a server that says what the test likes, and says hello with this, if it is given. */
  raw(host: string, hello?: object): RawConnection
  /** From now on, or no longer, the second server's tail of partition 0 stands still, and only that one. */
  holdControl(on: boolean): void
  settled<T>(pending: Promise<T>): Promise<T>
  /** Leaves nothing behind. */
  close(): Promise<void>
}

const EVERYTHING: ChannelRules<App, "chat/:room", User> = { authorize: () => true }
const SESSION_KEY = new Uint8Array(32).fill(1)

/** A token in the clear is its user's name. */
const auth: CoreOptions["auth"] = { authenticate: ({ token }) => ({ user: token === undefined ? undefined : { id: token } }) }

/** A journal whose tail of partition 0 can be made to stand still. */
function createGate() {
  let held = false
  let release = (): void => {}
  return {
    hold(on: boolean): void {
      held = on
      if (!on) release()
    },
    around: (journal: Journal): Journal => ({
      capabilities: journal.capabilities,
      append: (partition, records) => journal.append(partition, records),
      trim: (partition, before) => journal.trim(partition, before),
      close: () => journal.close(),
      tail: (partition, reader) =>
        journal.tail(partition, {
          connected: (place) => reader.connected(place),
          async deliver(batch) {
            if (partition === 0 && held) await new Promise<void>((resolve) => (release = resolve))
            return reader.deliver(batch)
          },
        }),
    }),
  }
}

/** What every server is told, and how many there are; by default two, and a bus between them. */
export interface ClusterOptions extends Partial<CoreOptions> {
  readonly hosts?: readonly string[]
  readonly withBus?: boolean
}

async function startServerCluster({ hosts = HOSTS, withBus = true, ...options }: ClusterOptions = {}): Promise<ServerCluster> {
  const env = fakeEnv()
  const network = memoryNetwork(env)
  const model = journalModel({ env, random: env.random.fork("journal"), partitions: PARTITIONS })
  const bus = busModel({ env, random: env.random.fork("bus") })
  const checked = checkOptions({ auth, sessionKey: SESSION_KEY, ...options })
  const settings = { retention: retentionOf(app), deduplicationMs: checked.deduplicationMs }
  const clients: Client<App>[] = []
  const settled = async <T>(pending: Promise<T>): Promise<T> => {
    let done = false
    const finish = (): void => {
      done = true
    }
    pending.then(finish, finish)
    await env.clock.until(() => done)
    return pending
  }
  const gate = createGate()
  const servers: Core<App, User>[] = []
  const https: HttpTransports[] = []
  const logs: SharedLog[] = []
  const processes: FakeProcess[] = []
  const killed = new Set<number>()
  for (const [index, host] of hosts.entries()) {
    const process = fakeProcess(env)
    const its = { ...process.env, random: env.random.fork(host) }
    const own = model.connect(host, process.run)
    const journal = index === 1 ? gate.around(own) : own
    const log = await settled(openSharedLog({ storage: memoryStorage(), journal, env: its, settings, node: host }))
    const core = createCore<App, User>(app, checked, log, {
      ...its,
      crypto: fakeCrypto,
      ...(withBus && { bus: bus.connect(host, process.run) }),
    })
    core.channel("chat/:room", EVERYTHING)
    core.channel("cursor/:room", { authorize: () => true })
    const http = createHttpTransports({ core, path: DEFAULT_PATH, origins: checked.origins, limits: checked.limits, ...its })
    network.listen(host, { knock: core.knock, accept: core.accept, http })
    https.push(http)
    servers.push(core)
    logs.push(log)
    processes.push(process)
  }
  return {
    env,
    network,
    model,
    bus,
    logs,
    processes,
    settled,
    holdControl: gate.hold,
    kill(index) {
      killed.add(index)
      processes[index]?.kill()
    },
    server(index) {
      const server = servers[index]
      if (server === undefined) throw new Error(`there is no server ${index}`)
      return server
    },
    client(host, user, through) {
      const signals = { onNetwork: () => () => {}, onWake: () => () => {} }
      const environment = {
        ...env,
        random: env.random.fork(`client-${clients.length}`),
        transport: through ?? network.transport({}),
        signals,
      }
      const client = connect<App>(`ws://${host}`, { contract: app, environment, ...(user === undefined ? {} : { token: () => user }) })
      clients.push(client)
      return client
    },
    raw(host, hello) {
      const raw = rawConnection(network, { host })
      if (hello !== undefined) raw.send({ type: "hello", version: 1, ...hello })
      return raw
    },
    async close() {
      await settled(Promise.all(clients.map((client) => client.close())))
      await settled(Promise.all(servers.map((server, index) => (killed.has(index) ? undefined : server.close({ spreadMs: 0 })))))
      for (const http of https) http.close()
      model.close()
      await env.clock.advance(60_000)
      expect(env.clock.pendingTimers).toBe(0)
    },
  }
}

/** Starts servers, each with a disk of its own, over one journal; after the test they close, and nothing may be left [G12]. */
export function clustersClosedAfterEach(): (options?: ClusterOptions) => Promise<ServerCluster> {
  const clusters: ServerCluster[] = []
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) await cluster.close()
  })
  return async (options) => {
    const cluster = await startServerCluster(options)
    clusters.push(cluster)
    return cluster
  }
}
