import type { Journal } from "@magpie/journal"
import type { AckLevel, Clock } from "@magpie/protocol"
import type { SeededRandom } from "../seeded-random.ts"
import { ModelHandle } from "./model-handle.ts"
import { type AppendFaultOptions, createLink, type Latency, type ModelLink, Waits } from "./model-link.ts"
import { ModelPartition, type StoredRecord } from "./model-partition.ts"

export interface JournalModelOptions {
  readonly env: { readonly clock: Clock }
  readonly random: SeededRandom
  /** Default 2: one for what concerns all nodes, one for channels. */
  readonly partitions?: number
  /** After how long an append without an answer fails. Default 2,000. */
  readonly appendTimeoutMs?: number
  /** Each way. Default: none to speak of. */
  readonly latency?: Latency
  /** What an acknowledgement claims. Default `quorum`. */
  readonly level?: AckLevel
  /** Whether `trim` lets go of records. Default true. */
  readonly trims?: boolean
}

export interface RestartOptions {
  /** How many of the newest records of each partition are gone, or of one. Default 0. */
  readonly lose?: number
  /** Default: all. */
  readonly partition?: number
}

/**
 * A broker's ordered log in memory, shared by the nodes that connect to it, and everything that goes wrong with one. Each
 * fault is a method; what is not called does not happen. Faults lie in wait for work; `struck` is called when they meet it.
 */
export interface JournalModel {
  /** The present life of the log; changes with each restart. */
  readonly incarnation: string
  /** `run`: that of the node's process, where it may be paused or killed. */
  connect(node: string, run?: (task: () => void) => void): Journal
  /** How long each way takes, for one node or all. */
  setLatency(latency: Latency, node?: string): void
  refuseAppends(node: string, on: boolean, struck?: () => void): void
  /** The next appends, of one partition or of any, land and fail. */
  loseAcks(node: string, count: number, options?: AppendFaultOptions): void
  /** The next appends fail, and land `delayMs` after they were called. */
  landLate(node: string, count: number, delayMs: number, options?: AppendFaultOptions): void
  /** The next appends land twice. */
  doubleAppends(node: string, count: number, options?: AppendFaultOptions): void
  /** The node's tails repeat their last records. Returns how many. */
  redeliver(node: string, records: number): number
  /** Nothing passes between node and broker. */
  cut(node: string, struck?: () => void): void
  heal(node: string): void
  /** Each delivery to the node takes that much longer; 0 ends it. */
  slowTail(node: string, delayMs: number, struck?: () => void): void
  /** The node's connection breaks and comes back. */
  reconnect(node: string): void
  /** The broker starts anew, perhaps from an older point. Returns how many records are gone. */
  restart(options?: RestartOptions): number
  /** The broker lets go of the records before a position. */
  trim(partition: number, before: number): void
  /** Leaves positions out. */
  skipPositions(partition: number, count: number): void
  /** Lands bytes that no node wrote. */
  land(partition: number, record: Uint8Array): void
  /** The node died: its handle does nothing any more. */
  crash(node: string): void
  oldest(partition: number): number
  newest(partition: number): number
  records(partition: number): readonly StoredRecord[]
  /** Ends what is still on its way. */
  close(): void
}

export function journalModel(options: JournalModelOptions): JournalModel {
  const { env, random, appendTimeoutMs = 2_000, level = "quorum", trims = true } = options
  const { clock } = env
  const partitions = Array.from({ length: options.partitions ?? 2 }, () => new ModelPartition())
  const links = new Map<string, ModelLink>()
  const handles = new Map<string, ModelHandle[]>()
  const brokerWaits = new Waits(clock, random.fork("broker"))
  let latency = options.latency ?? { minMs: 0, maxMs: 1 }
  let life = 1

  function linkOf(node: string): ModelLink {
    const link = links.get(node) ?? createLink(latency)
    links.set(node, link)
    return link
  }

  function wake(): void {
    for (const opened of handles.values()) for (const handle of opened) handle.wake()
  }

  function drop(link: ModelLink): void {
    link.connection++
    wake()
  }

  function partition(index: number): ModelPartition {
    const found = partitions[index]
    if (found === undefined) throw new RangeError(`there is no partition ${index}`)
    return found
  }

  return {
    get incarnation() {
      return `life-${life}`
    },
    connect(node, run = (task) => task()) {
      const handle = new ModelHandle({
        clock,
        random: random.fork(`${node}-${handles.get(node)?.length ?? 0}`),
        capabilities: { level, partitions: partitions.length, retained: true, trims },
        partitions,
        incarnation: () => `life-${life}`,
        link: linkOf(node),
        appendTimeoutMs,
        run,
        brokerWaits,
      })
      handles.set(node, [...(handles.get(node) ?? []), handle])
      return handle
    },
    setLatency(next, node) {
      if (node !== undefined) {
        linkOf(node).latency = next
        return
      }
      latency = next
      for (const link of links.values()) link.latency = next
    },
    refuseAppends(node, on, struck = () => {}) {
      linkOf(node).refusal = on ? struck : undefined
    },
    loseAcks(node, count, fault) {
      linkOf(node).lostAcks = { ...fault, count }
    },
    landLate(node, count, delayMs, fault) {
      linkOf(node).late = { ...fault, count, delayMs }
    },
    doubleAppends(node, count, fault) {
      linkOf(node).doubled = { ...fault, count }
    },
    redeliver: (node, records) => (handles.get(node) ?? []).reduce((sum, handle) => sum + handle.goBack(records), 0),
    cut(node, struck = () => {}) {
      const link = linkOf(node)
      link.cut = struck
      drop(link)
    },
    heal(node) {
      linkOf(node).cut = undefined
      wake()
    },
    slowTail(node, delayMs, struck) {
      linkOf(node).tailDelayMs = () => {
        if (delayMs > 0) struck?.()
        return delayMs
      }
    },
    reconnect: (node) => drop(linkOf(node)),
    restart({ lose = 0, partition: only } = {}) {
      life++
      const lost = partitions.map((each, index) => (only === undefined || only === index ? each.lose(lose) : 0))
      for (const link of links.values()) drop(link)
      return lost.reduce((sum, count) => sum + count, 0)
    },
    trim: (index, before) => partition(index).trim(before),
    skipPositions: (index, count) => partition(index).skip(count),
    land: (index, record) => partition(index).land([record]),
    crash(node) {
      for (const handle of handles.get(node) ?? []) handle.crash()
      handles.delete(node)
    },
    oldest: (index) => partition(index).oldest,
    newest: (index) => partition(index).newest,
    records: (index) => partition(index).records,
    close: () => brokerWaits.end(),
  }
}
