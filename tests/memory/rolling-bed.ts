import { type Client, connect } from "@magpie/client"
import { type MemoryStorage, memoryStorage, openSharedLog, type SharedLog } from "@magpie/journal"
import { type CheckedOptions, type Core, checkOptions, createCore, retentionOf, type User } from "@magpie/server/core"
import {
  type FakeEnv,
  type FakeProcess,
  fakeCrypto,
  fakeEnv,
  fakeProcess,
  type JournalModel,
  journalModel,
  memoryNetwork,
  type NetworkServer,
} from "@magpie/testing"
import { type App, app } from "./chat-bed.ts"
import { newerLink, newerSocket } from "./versions.ts"

/** A release: the rules of the log that it knows, and from 2 on it says more than the first one knows. */
export type Version = 1 | 2

interface Node {
  readonly version: Version
  readonly process: FakeProcess
  readonly log: SharedLog
  readonly core: Core<App, User>
}

/** Three servers over one log behind one address, and clients that come to whichever is there. */
export interface RollingBed {
  readonly env: FakeEnv
  readonly model: JournalModel
  /** The nodes that run. */
  readonly nodes: ReadonlyMap<string, Node>
  /** Starts a node on its own disk. Fails as its log does, and then the node stays down. */
  start(name: string, version: Version): Promise<void>
  /** Sends its clients away and lets its process end, as SIGTERM does. */
  stop(name: string): Promise<void>
  /** Its process is gone without a word. */
  kill(name: string): void
  client(version: Version): Client<App>
  settled<T>(pending: Promise<T>): Promise<T>
  close(): Promise<void>
}

export const NAMES = ["a", "b", "c"]
const PARTITIONS = 3
const LIMIT_MS = 120_000
const DRAIN_MS = 500
const HOST = "cluster.test"
const SILENT = { onNetwork: () => () => {}, onWake: () => () => {} }

export function rollingBed(): RollingBed {
  const env = fakeEnv()
  const network = memoryNetwork(env)
  const model = journalModel({ env, random: env.random.fork("journal"), partitions: PARTITIONS, latency: { minMs: 0, maxMs: 4 } })
  const checked: CheckedOptions = checkOptions({
    auth: { authenticate: ({ token = "" }) => ({ user: { id: token } }) },
    // So that a session that one node gave is known to the others.
    sessionKey: env.random.bytes(32),
    limits: { drainMs: DRAIN_MS },
  })
  const settings = { retention: retentionOf(app), deduplicationMs: checked.deduplicationMs }
  const disks = new Map<string, MemoryStorage>()
  const nodes = new Map<string, Node>()
  const clients: Client<App>[] = []
  let starts = 0
  let arrivals = 0

  async function settled<T>(pending: Promise<T>): Promise<T> {
    let done = false
    const finish = (): void => {
      done = true
    }
    pending.then(finish, finish)
    await env.clock.until(() => done, LIMIT_MS)
    return pending
  }

  /** Those who would let somebody in, or all who run where nobody would. */
  function next(): Node | undefined {
    const running = [...nodes.values()]
    const ready = running.filter(({ core, log }) => core.ready && log.ready)
    const chosen = ready.length > 0 ? ready : running
    return chosen[arrivals++ % chosen.length]
  }

  const balancer: NetworkServer = {
    knock: (knock) => next()?.core.knock(knock) ?? { verdict: "refuse", status: 503, reason: "nobody is there" },
    accept(socket, request, handshake) {
      const node = next()
      if (node === undefined) {
        socket.terminate()
        return { onMessage() {}, onAlive() {}, onDrain() {}, onClose() {} }
      }
      const its = node.version === 1 ? socket : newerSocket(socket)
      const events = node.core.accept(its, request, handshake)
      // A process that is gone says nothing more, and its links break.
      links.add({ node, break: () => socket.terminate() })
      return {
        onMessage: (frame) => node.process.run(() => events.onMessage(frame)),
        onAlive: () => node.process.run(() => events.onAlive()),
        onDrain: () => node.process.run(() => events.onDrain()),
        onClose: (code, reason) => node.process.run(() => events.onClose(code, reason)),
      }
    },
  }
  const links = new Set<{ readonly node: Node; break(): void }>()
  network.listen(HOST, balancer)

  function end(name: string): void {
    const node = nodes.get(name)
    if (node === undefined) return
    nodes.delete(name)
    node.process.kill()
    model.crash(name)
    for (const link of links) {
      if (link.node !== node) continue
      links.delete(link)
      link.break()
    }
    const disk = disks.get(name)
    if (disk !== undefined) disks.set(name, disk.crash())
  }

  async function start(name: string, version: Version): Promise<void> {
    const process = fakeProcess(env)
    const its = { ...process.env, random: env.random.fork(`${name}-${starts++}`) }
    const storage = disks.get(name) ?? memoryStorage()
    disks.set(name, storage)
    try {
      const opening = openSharedLog({
        storage,
        journal: model.connect(name, process.run),
        env: its,
        settings,
        node: name,
        supports: version,
      })
      const log = await settled(opening)
      const core = createCore<App, User>(app, checked, log, { ...its, crypto: fakeCrypto })
      core.channel("chat/:room", { authorize: () => true })
      nodes.set(name, { version, process, log, core })
    } catch (failure) {
      process.kill()
      model.crash(name)
      disks.set(name, storage.crash())
      throw failure
    }
  }

  return {
    env,
    model,
    nodes,
    start,
    async stop(name) {
      await settled(nodes.get(name)?.core.close() ?? Promise.resolve())
      end(name)
    },
    kill: end,
    client(version) {
      const number = clients.length
      const inner = network.transport({ address: `192.0.2.${number}` })
      const transport = version === 1 ? inner : newerLink(inner, { up: true })
      const environment = { ...env, random: env.random.fork(`client-${number}`), transport, signals: SILENT }
      const client = connect<App>(`ws://${HOST}`, { contract: app, environment, token: () => `user-${number}` })
      clients.push(client)
      return client
    },
    settled,
    async close() {
      await settled(Promise.all(clients.map((client) => client.close())))
      for (const name of [...nodes.keys()]) await settled(nodes.get(name)?.core.close({ spreadMs: 0 }) ?? Promise.resolve())
      model.close()
      await env.clock.advance(LIMIT_MS)
    },
  }
}
