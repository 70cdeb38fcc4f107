import {
  type DurableLogSettings,
  type MemoryStorage,
  memoryStorage,
  type Outcome,
  openSharedLog,
  type PublishRequest,
  partitionOf,
  type SharedLog,
  type SharedLogOptions,
} from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"
import {
  type FakeEnv,
  type FakeProcess,
  fakeEnv,
  fakeProcess,
  type JournalModel,
  type JournalModelOptions,
  journalModel,
} from "@magpie/testing"

const HOUR = 3_600_000
export const PARTITIONS = 3
export const SETTINGS: DurableLogSettings = { retention: { c: { maxCount: 1_000_000, maxAgeMs: 48 * HOUR } }, deduplicationMs: 24 * HOUR }
export const PAGE = { maxCount: 100_000, maxBytes: 1_000_000_000 }
const LIMIT_MS = 120_000

export type NodeOptions = Partial<
  Pick<SharedLogOptions, "settings" | "snapshots" | "snapshotEvery" | "supports" | "openMs" | "storage" | "node">
>

/** Nodes over one modelled journal on one fake clock, each with a disk of its own. */
export interface SharedLogBed {
  readonly env: FakeEnv
  readonly model: JournalModel
  readonly logs: ReadonlyMap<string, SharedLog>
  /** Opens a node's log on its own disk, which is kept from one start to the next. */
  start(name: string, options?: NodeOptions): Promise<SharedLog>
  /** As `start`, where somebody else lets time pass. */
  open(name: string, options?: NodeOptions): Promise<SharedLog>
  /** The node dies without a word. */
  crash(name: string): void
  /** The node's process stands still, as on SIGSTOP. */
  pause(name: string): void
  resume(name: string): void
  stop(name: string): Promise<void>
  log(name: string): SharedLog
  disk(name: string): MemoryStorage
  /** Lets time pass until something has settled. */
  settled<T>(pending: Promise<T>): Promise<T>
  until(fact: () => boolean): Promise<void>
  /** Waits until all nodes have applied the same log, and gives their common state. */
  agreed(): Promise<string>
  close(): Promise<void>
}

export function sharedLogBed(seed: string | number = 1, options: Partial<JournalModelOptions> = {}): SharedLogBed {
  const env = fakeEnv({ seed })
  const latency = { minMs: 0, maxMs: 4 }
  const model = journalModel({ env, random: env.random.fork("journal"), partitions: PARTITIONS, latency, ...options })
  const logs = new Map<string, SharedLog>()
  const processes = new Map<string, FakeProcess>()
  const disks = new Map<string, MemoryStorage>()
  let opened = 0

  const until = (fact: () => boolean): Promise<void> => env.clock.until(fact, LIMIT_MS)

  async function settled<T>(pending: Promise<T>): Promise<T> {
    let done = false
    const finish = (): void => {
      done = true
    }
    pending.then(finish, finish)
    await until(() => done)
    return pending
  }

  function disk(name: string): MemoryStorage {
    const found = disks.get(name) ?? memoryStorage()
    disks.set(name, found)
    return found
  }

  async function open(name: string, node: NodeOptions = {}): Promise<SharedLog> {
    const its = fakeProcess(env)
    const nodeEnv = { ...its.env, random: env.random.fork(`${name}-${opened++}`) }
    const opening = openSharedLog({
      storage: disk(name),
      journal: model.connect(name, its.run),
      env: nodeEnv,
      settings: SETTINGS,
      node: name,
      ...node,
    })
    const log = await opening.catch((failure: unknown) => {
      // It has closed its storage; what is on the disk is there for the next start.
      if (node.storage === undefined) disks.set(name, disk(name).crash())
      throw failure
    })
    logs.set(name, log)
    processes.set(name, its)
    return log
  }

  function state(): string {
    const partitions = Array.from({ length: PARTITIONS }, (_, index) => index)
    return [...logs].map(([, log]) => JSON.stringify(partitions.map((index) => log.stateHash(index)))).join("\n")
  }

  return {
    env,
    model,
    logs,
    start: (name, node) => settled(open(name, node)),
    open,
    crash(name) {
      processes.get(name)?.kill()
      model.crash(name)
      logs.delete(name)
      disks.set(name, disk(name).crash())
    },
    pause: (name) => processes.get(name)?.pause(),
    resume: (name) => processes.get(name)?.resume(),
    async stop(name) {
      await settled(this.log(name).close())
      logs.delete(name)
      disks.set(name, disk(name).crash())
    },
    log(name) {
      const log = logs.get(name)
      if (log === undefined) throw new Error(`node ${name} is not running`)
      return log
    },
    disk,
    settled,
    until,
    async agreed() {
      await until(() => [...logs.values()].every((log) => log.ready))
      await until(() => {
        const states = state().split("\n")
        const atEnd = [...logs.values()].every((log) =>
          Array.from({ length: PARTITIONS }, (_, index) => log.stateHash(index).position === model.newest(index)).every(Boolean),
        )
        return atEnd && new Set(states).size === 1
      })
      return state().split("\n")[0] ?? ""
    },
    async close() {
      await settled(Promise.all([...logs.values()].map((log) => log.close())))
      model.close()
      await env.clock.advance(LIMIT_MS)
    },
  }
}

/** Of the channel that `message` goes to. */
export const CHANNEL_PARTITION = partitionOf("c/1", PARTITIONS)

export const message = (data: unknown, more: Partial<PublishRequest> = {}): PublishRequest => ({
  channel: "c/1",
  pattern: "c",
  name: "say",
  data: toJsonText(data),
  ...more,
})

export const datas = (log: SharedLog, channel = "c/1"): unknown[] =>
  log.readAfter(channel, 0, PAGE).publications.map(({ data }) => JSON.parse(data) as unknown)

export const offsetOf = (outcome: Outcome): unknown => ("position" in outcome ? outcome.position.offset : outcome.result)
