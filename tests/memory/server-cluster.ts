import { type Client, connect } from "@magpie/client"
import { memoryStorage, openSharedLog, type SharedLog } from "@magpie/journal"
import { type ChannelRules, type Core, type CoreOptions, checkOptions, createCore, retentionOf, type User } from "@magpie/server/core"
import {
  type FakeEnv,
  type FakeProcess,
  fakeCrypto,
  fakeEnv,
  fakeProcess,
  type JournalModel,
  journalModel,
  memoryNetwork,
  type RawConnection,
  rawConnection,
} from "@magpie/testing"
import { expect } from "vitest"
import { type App, app } from "./chat-bed.ts"

export const HOSTS = ["a.test", "b.test"]
const PARTITIONS = 3

/** Servers, each with a disk and a process of its own, over one journal. */
export interface ServerCluster {
  readonly env: FakeEnv
  readonly model: JournalModel
  readonly logs: readonly SharedLog[]
  /** By its place among the hosts. */
  server(index: number): Core<App, User>
  readonly processes: readonly FakeProcess[]
  client(host: string, user?: string): Client<App>
  /** A link to a server that says what the test likes, and says hello with this. */
  raw(host: string, hello: object): RawConnection
  settled<T>(pending: Promise<T>): Promise<T>
  /** Leaves nothing behind. */
  close(): Promise<void>
}

const EVERYTHING: ChannelRules<App, "chat/:room", User> = { authorize: () => true }
const SESSION_KEY = new Uint8Array(32).fill(1)

/** A token in the clear is its user's name. */
const auth: CoreOptions["auth"] = { authenticate: ({ token }) => ({ user: token === undefined ? undefined : { id: token } }) }

export async function startServerCluster(options: Partial<CoreOptions> = {}): Promise<ServerCluster> {
  const env = fakeEnv()
  const network = memoryNetwork(env)
  const model = journalModel({ env, random: env.random.fork("journal"), partitions: PARTITIONS })
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
  const servers: Core<App, User>[] = []
  const logs: SharedLog[] = []
  const processes: FakeProcess[] = []
  for (const host of HOSTS) {
    const process = fakeProcess(env)
    const its = { ...process.env, random: env.random.fork(host) }
    const journal = model.connect(host, process.run)
    const log = await settled(openSharedLog({ storage: memoryStorage(), journal, env: its, settings, node: host }))
    const core = createCore<App, User>(app, checked, log, { ...its, crypto: fakeCrypto })
    core.channel("chat/:room", EVERYTHING)
    core.channel("cursor/:room", { authorize: () => true })
    network.listen(host, core)
    servers.push(core)
    logs.push(log)
    processes.push(process)
  }
  return {
    env,
    model,
    logs,
    processes,
    settled,
    server(index) {
      const server = servers[index]
      if (server === undefined) throw new Error(`there is no server ${index}`)
      return server
    },
    client(host, user) {
      const signals = { onNetwork: () => () => {}, onWake: () => () => {} }
      const environment = { ...env, random: env.random.fork(`client-${clients.length}`), transport: network.transport({}), signals }
      const client = connect<App>(`ws://${host}`, { contract: app, environment, ...(user === undefined ? {} : { token: () => user }) })
      clients.push(client)
      return client
    },
    raw(host, hello) {
      const raw = rawConnection(network, { host })
      raw.send({ type: "hello", version: 1, ...hello })
      return raw
    },
    async close() {
      await settled(Promise.all(clients.map((client) => client.close())))
      await settled(Promise.all(servers.map((server) => server.close({ spreadMs: 0 }))))
      model.close()
      await env.clock.advance(60_000)
      expect(env.clock.pendingTimers).toBe(0)
    },
  }
}
