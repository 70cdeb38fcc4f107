import { type Client, connect } from "@magpie/client"
import { type Journal, memoryStorage, openSharedLog, type SharedLog } from "@magpie/journal"
import type { Limits } from "@magpie/protocol"
import { type Core, checkOptions, createCore, retentionOf, type User } from "@magpie/server/core"
import {
  type FakeEnv,
  fakeCrypto,
  fakeEnv,
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

export interface Cluster {
  readonly env: FakeEnv
  readonly network: MemoryNetwork
  readonly model: JournalModel
  readonly logs: readonly SharedLog[]
  readonly cores: readonly Core<App, User>[]
  client(host: string, user?: string): Client<App>
  raw(host: string): RawConnection
  /** From now on, or no longer, the second server's tail of partition 0 stands still, and only that one. */
  holdControl(on: boolean): void
  close(): Promise<void>
}

async function startCluster(limits: Partial<Limits>): Promise<Cluster> {
  const env = fakeEnv()
  const network = memoryNetwork(env)
  const model = journalModel({ env, random: env.random.fork("journal"), partitions: PARTITIONS })
  const checked = checkOptions({
    limits,
    auth: { authenticate: ({ token }) => ({ user: token === undefined ? undefined : { id: token } }) },
  })
  const settings = { retention: retentionOf(app), deduplicationMs: checked.deduplicationMs }
  const clients: Client<App>[] = []
  const settled = async <T>(pending: Promise<T>): Promise<T> => {
    let done = false
    void pending.finally(() => {
      done = true
    })
    await env.clock.until(() => done)
    return pending
  }
  const cores: Core<App, User>[] = []
  const logs: SharedLog[] = []
  let controlHeld = false
  let releaseControl = (): void => {}

  /** The same journal, whose tail of partition 0 can be made to stand still. */
  function holdable(journal: Journal): Journal {
    return {
      capabilities: journal.capabilities,
      append: (partition, records) => journal.append(partition, records),
      trim: (partition, before) => journal.trim(partition, before),
      close: () => journal.close(),
      tail: (partition, reader) =>
        journal.tail(partition, {
          connected: (place) => reader.connected(place),
          async deliver(batch) {
            if (partition === 0 && controlHeld) await new Promise<void>((resolve) => (releaseControl = resolve))
            return reader.deliver(batch)
          },
        }),
    }
  }

  for (const [index, host] of HOSTS.entries()) {
    const its = { ...env, random: env.random.fork(host) }
    const own = model.connect(host)
    const journal = index === 1 ? holdable(own) : own
    const log = await settled(openSharedLog({ storage: memoryStorage(), journal, env: its, settings, node: host }))
    const core = createCore<App, User>(app, checked, log, { ...its, crypto: fakeCrypto })
    core.channel("chat/:room", { authorize: () => true })
    core.channel("cursor/:room", { authorize: () => true })
    network.listen(host, core)
    cores.push(core)
    logs.push(log)
  }
  const cluster: Cluster = {
    env,
    network,
    model,
    logs,
    cores,
    raw: (host) => rawConnection(network, { host }),
    holdControl(on) {
      controlHeld = on
      if (!on) releaseControl()
    },
    client(host, user) {
      const signals = { onNetwork: () => () => {}, onWake: () => () => {} }
      const environment = { ...env, random: env.random.fork(`client-${clients.length}`), transport: network.transport({}), signals }
      const client = connect<App>(`ws://${host}`, { contract: app, environment, ...(user === undefined ? {} : { token: () => user }) })
      clients.push(client)
      return client
    },
    async close() {
      await settled(Promise.all(clients.map((client) => client.close())))
      await settled(Promise.all(cores.map((core) => core.close({ spreadMs: 0 }))))
      model.close()
      await env.clock.advance(60_000)
      expect(env.clock.pendingTimers).toBe(0)
    },
  }
  return cluster
}

/** Starts two servers, each with a disk of its own, over one journal; after the test they close, and nothing may be left [G12]. */
export function clustersClosedAfterEach(): (limits?: Partial<Limits>) => Promise<Cluster> {
  const clusters: Cluster[] = []
  afterEach(async () => {
    for (const cluster of clusters.splice(0)) await cluster.close()
  })
  return async (limits = {}) => {
    const cluster = await startCluster(limits)
    clusters.push(cluster)
    return cluster
  }
}
