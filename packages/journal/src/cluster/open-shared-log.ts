import { type AckLevel, type Env, MagpieError, type Position, type Publication } from "@magpie/protocol"
import { crc32Text } from "../checksum.ts"
import type { DurableLog, Outcome } from "../durable-log.ts"
import { changeEntry, commandEntry, compactEntry, outcomeOf, publishEntry, refusedEntry, rowEntry } from "../entries-of-requests.ts"
import type { Entry } from "../entry.ts"
import type { History } from "../history.ts"
import { Listeners } from "../listeners.ts"
import { LogControl, revocationsIn } from "../log-control.ts"
import { randomNode } from "../random-names.ts"
import { ReadingLog } from "../reading-log.ts"
import { APPLY_VERSION } from "../state-machine/state-machine.ts"
import type { AppliedRecords } from "./apply-records.ts"
import { Barrier } from "./barrier.ts"
import { firstReady } from "./first-ready.ts"
import { PartitionLog } from "./partition-log.ts"
import { Presence } from "./presence.ts"
import { checkSharedLogOptions, type SharedLogOptions } from "./shared-log-options.ts"
import { Snapshots } from "./snapshots.ts"
import { StateChecks } from "./state-checks.ts"
import { type SharedLogStatistics, statisticsOf } from "./statistics.ts"

const CONTROL = 0

export interface SharedLog extends DurableLog {
  /** What an operator of the cluster looks at; read anew on each access. */
  readonly statistics: SharedLogStatistics
  /** Checksum of a partition's state, and the position in the journal that it belongs to. Equal positions have equal hashes on all nodes. */
  stateHash(partition: number): { readonly position: number; readonly hash: string }
  /** Writes the present state to the snapshot store. Fails with INVALID_OPTIONS where there is none, UNAVAILABLE, or UNRECOVERABLE where the state is damaged. */
  snapshot(): Promise<void>
}

/**
 * Opens a log that several nodes share. Resolves when this node has applied what is in the journal. Owns storage and
 * journal from here on, also when opening fails. Fails with INVALID_OPTIONS (also: a newer Magpie settled the log),
 * STORAGE_FENCED, UNAVAILABLE (the broker is out of reach), UNRECOVERABLE (the journal was trimmed, and there is no snapshot) or CLOSED (given up).
 */
export async function openSharedLog(options: SharedLogOptions): Promise<SharedLog> {
  try {
    await checkSharedLogOptions(options)
    const log = new Log(options)
    try {
      await log.start(options)
      return log
    } catch (error) {
      await log.close().catch(() => {})
      throw error
    }
  } catch (error) {
    await options.journal.close().catch(() => {})
    await options.storage.close().catch(() => {})
    throw error
  }
}

class Log extends ReadingLog implements SharedLog {
  readonly control: LogControl
  readonly #options: SharedLogOptions
  readonly #env: Env
  readonly #partitions: readonly PartitionLog[]
  readonly #barriers: readonly Barrier[]
  readonly #snapshots: Snapshots | undefined
  readonly #presence: Presence
  readonly #checks: StateChecks
  readonly #publications: Listeners<readonly Publication[]>
  readonly #epochs: Listeners<(channel: string) => boolean>
  readonly #fences: Listeners<unknown>
  #fenced: MagpieError | undefined
  #closing: Promise<void> | undefined
  #onReady: () => void = () => {}

  constructor(options: SharedLogOptions) {
    super()
    this.#options = options
    const { env, journal, snapshots, supports = APPLY_VERSION } = options
    this.#env = env
    this.#publications = new Listeners(env)
    this.#epochs = new Listeners(env)
    this.#fences = new Listeners(env)
    const node = randomNode(env.random, options.node)
    this.#partitions = Array.from({ length: journal.capabilities.partitions }, (_, partition) =>
      this.#partitionLog(partition, node, supports),
    )
    this.#barriers = this.#partitions.map((partition) => new Barrier(env, partition))
    this.#snapshots =
      snapshots && new Snapshots({ env, journal, store: snapshots, partitions: this.#partitions, every: options.snapshotEvery })
    const control = this.#partition(CONTROL)
    this.#presence = new Presence({
      env,
      control,
      partitions: this.#partitions,
      name: options.node,
      supports,
      node,
      onStale: () => this.control.tell([{ type: "stale" }]),
    })
    this.control = new LogControl({
      nodeId: node,
      env,
      storage: () => {
        void control.history
        return control.storage
      },
      epoch: () => control.machine.epoch ?? "",
      submit: (entry) => control.submit(entry),
      lagMs: () => this.#presence.lagMs,
      applyVersion: () => control.machine.settings.applyVersion,
      shared: true,
    })
    this.#checks = new StateChecks({
      ...{ env, node, control, partitions: this.#partitions },
      presentNodes: () => this.control.nodes().length,
      fence: (cause) => this.#fence(cause),
    })
  }

  #partitionLog(partition: number, node: string, supports: number): PartitionLog {
    const { env, journal, storage, settings, snapshots } = this.#options
    return new PartitionLog({
      ...{ env, journal, partition, storage, node, supports, settings, snapshots },
      onApplied: (records, live) => this.#applied(partition, records, live),
      onEpoch: () => this.#epochs.tell((channel) => this.#indexOf(channel) === partition),
      onSnapshot: () => {
        if (partition === CONTROL) this.control.tell(revocationsIn(this.#partition(CONTROL).storage))
      },
      onReady: () => {
        if (this.#knowsLog) this.#onReady()
      },
      onFenced: (cause) => this.#fence(cause),
    })
  }

  async start({ openMs, signal }: SharedLogOptions): Promise<void> {
    await firstReady({
      ...{ clock: this.#env.clock, openMs, signal },
      onFenced: (listener) => this.onFenced(listener),
      begin: (ready) => {
        this.#onReady = ready
        for (const partition of this.#partitions) partition.start()
      },
    })
    this.#onReady = () => {}
    this.#checks.start()
    await this.#presence.start()
  }

  /** What the broker's settings make of it now. */
  get level(): AckLevel {
    return this.#options.journal.capabilities.level
  }

  get ready(): boolean {
    return this.#knowsLog && this.control.fresh
  }

  get statistics(): SharedLogStatistics {
    return statisticsOf(this.#partitions, this.#barriers, this.#presence.lagMs)
  }

  /** The third is the version of the rules, for what not every node may know yet. */
  async #send<R extends { readonly channel: string }>(
    entryOf: (request: R, at: number, rules: number) => Entry,
    request: R,
  ): Promise<Outcome> {
    const { applyVersion } = this.#partition(CONTROL).machine.settings
    return outcomeOf(await this.#of(request.channel).submit(entryOf(request, this.#now(), applyVersion)))
  }

  readonly publish: DurableLog["publish"] = (request) => this.#send(publishEntry, request)
  readonly change: DurableLog["change"] = (request) => this.#send(changeEntry, request)
  readonly write: DurableLog["write"] = (request) => this.#send(rowEntry, request)
  readonly step: DurableLog["step"] = (request) => this.#send(commandEntry, request)
  readonly compact: DurableLog["compact"] = (request) => this.#send(compactEntry, request)
  readonly refuse: DurableLog["refuse"] = (request) => this.#send(refusedEntry, request)

  behind(channel: string, position: Position): Promise<void> | undefined {
    const partition = this.#of(channel)
    if (partition.isReady) {
      const newest = partition.history.newest(channel)
      if (position.epoch === newest.epoch && position.offset <= newest.offset) return undefined
      if (partition.machine.pastEpochs.includes(position.epoch)) return undefined
    }
    return this.#barriers[this.#indexOf(channel)]?.pass()
  }

  stateHash(partition: number): { readonly position: number; readonly hash: string } {
    const { machine } = this.#partition(partition)
    return { position: machine.position, hash: machine.committedHash }
  }

  async snapshot(): Promise<void> {
    if (this.#snapshots === undefined) throw new MagpieError("INVALID_OPTIONS", "snapshots: there is no store")
    await this.#snapshots.takeAll()
  }

  protected override historyOf(channel: string): History {
    return this.#of(channel).history
  }

  onApplied(listener: (publications: readonly Publication[]) => void): () => void {
    return this.#publications.add(listener)
  }

  onEpoch(listener: (concerns: (channel: string) => boolean) => void): () => void {
    return this.#epochs.add(listener)
  }

  /** A listener that comes after the fact is called at once. */
  onFenced(listener: (cause: unknown) => void): () => void {
    if (this.#fenced !== undefined) listener(this.#fenced)
    return this.#fences.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#presence.stop()
    this.#checks.stop()
    this.control.close()
    this.#snapshots?.close()
    try {
      await Promise.all(this.#partitions.map((partition) => partition.close()))
      for (const barrier of this.#barriers) barrier.close()
      await this.#options.journal.close()
    } finally {
      await this.#options.storage.close()
    }
  }

  #applied(partition: number, { applied, checkpoints, votes }: AppliedRecords, live: boolean): void {
    const publications: Publication[] = []
    for (const { publication, expired, changes } of applied) {
      if (publication !== undefined) publications.push(publication)
      if (expired !== undefined) publications.push(...expired)
      // Whoever was revoked while this node was away must go all the same; of ownership only the present counts.
      if (changes !== undefined) this.control.tell(live ? changes : changes.filter(({ type }) => type === "revoked"))
    }
    if (live && publications.length > 0) this.#publications.tell(publications)
    if (live) {
      for (const checkpoint of checkpoints) this.#checks.answer(partition, checkpoint)
      for (const vote of votes) this.#checks.vote(vote)
    }
    this.#snapshots?.applied(partition, applied.length)
  }

  #fence(cause: MagpieError): void {
    if (this.#fenced !== undefined) return
    this.#fenced = cause
    this.#presence.stop()
    this.#checks.stop()
    this.control.tell([{ type: "stale" }])
    this.#snapshots?.close()
    this.#env.log("error", "journal.fenced", { code: cause.code, reason: cause.reason })
    for (const partition of this.#partitions)
      partition.fence(new MagpieError("STORAGE_FENCED", "this node no longer takes part", { cause }))
    this.#fences.tell(cause)
  }

  get #knowsLog(): boolean {
    return this.#partitions.every((partition) => partition.isReady)
  }

  #of(channel: string): PartitionLog {
    return this.#partition(this.#indexOf(channel))
  }

  #indexOf(channel: string): number {
    return partitionOf(channel, this.#partitions.length)
  }

  #partition(index: number): PartitionLog {
    const partition = this.#partitions[index]
    if (partition === undefined) throw new MagpieError("INVALID_OPTIONS", `there is no partition ${index}`)
    return partition
  }

  #now(): number {
    return Math.floor(this.#env.clock.now())
  }
}

/** Where a channel lives in a journal of so many partitions; the first one is for what concerns all nodes. */
export function partitionOf(channel: string, partitions: number): number {
  return 1 + (crc32Text(channel) % (partitions - 1))
}
