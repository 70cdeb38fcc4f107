import {
  type DurableLog,
  type DurableLogSettings,
  decodeRecord,
  memorySnapshots,
  openDurableLog,
  openSharedLog,
  partitionOf,
  type SharedLog,
  type Storage,
} from "@magpie/journal"
import type { Env } from "@magpie/protocol"
import { retentionOf } from "@magpie/server/core"
import type { FakeProcess } from "../fake-process.ts"
import { type JournalModel, journalModel } from "../journal-model/journal-model.ts"
import type { SeededRandom } from "../seeded-random.ts"
import type { Setup } from "./plan.ts"
import { simulatedApp } from "./simulated-app.ts"

/** Where the nodes' log is: in each node's own storage where there is one node, else in a broker that all of them share. */
export interface Broker {
  /** The model of a broker, with its faults; undefined for a single node. */
  readonly model: JournalModel | undefined
  open(node: string, its: FakeProcess, storage: Storage): Promise<DurableLog>
  /** Whether the node knows its log: it may be building it anew. */
  isReady(log: DurableLog): boolean
  /** Checksums of the state that this log has come to, by partition and position. */
  states(log: DurableLog): readonly string[]
  /** The epochs of the channel's log that its broker holds, whether a node has applied them or not. */
  epochsOf(channel: string): readonly string[]
  close(): void
}

const PARTITIONS = 3
/** Few enough that nodes take snapshots and trim the log within a run. */
const SNAPSHOT_EVERY = 300

/** Channels of one number share an order: all of a single node's, and those of a partition where there is a broker. */
export const orderOf = ({ nodes }: Setup, channel: string): number => (nodes === 1 ? 0 : partitionOf(channel, PARTITIONS))

export function createBroker(setup: Setup, env: Env & { readonly random: SeededRandom }, deduplicationMs: number): Broker {
  const settings: DurableLogSettings = { retention: retentionOf(simulatedApp), deduplicationMs }
  if (setup.nodes === 1) {
    return {
      model: undefined,
      open: (_node, its, storage) => openDurableLog({ storage, env: its.env, settings }),
      isReady: () => true,
      states: () => [],
      epochsOf: () => [],
      close: () => {},
    }
  }
  const model = journalModel({ env, random: env.random, partitions: PARTITIONS, latency: { minMs: 0, maxMs: 2 + 2 * setup.flushMs } })
  const snapshots = memorySnapshots()
  const shared = new WeakMap<DurableLog, SharedLog>()
  return {
    model,
    async open(node, its, storage) {
      const journal = model.connect(node, its.run)
      const log = await openSharedLog({ storage, journal, env: its.env, settings, node, snapshots, snapshotEvery: SNAPSHOT_EVERY })
      shared.set(log, log)
      return log
    },
    isReady: (log) => shared.get(log)?.ready ?? true,
    states(log) {
      const its = shared.get(log)
      if (its === undefined) return []
      return Array.from({ length: PARTITIONS }, (_, partition) => {
        const { position, hash } = its.stateHash(partition)
        return `${partition}/${position} ${hash}`
      })
    },
    epochsOf: (channel) =>
      model.records(partitionOf(channel, PARTITIONS)).flatMap(({ record }) => {
        const entry = decodeRecord(record)?.entry
        return entry?.type === "epoch" ? [entry.epoch] : []
      }),
    close: () => model.close(),
  }
}
