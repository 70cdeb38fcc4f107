import { type Env, isMagpieError, MagpieError } from "@magpie/protocol"
import type { DurableLogSettings } from "../durable-log.ts"
import type { Entry } from "../entry.ts"
import { ExpiryTimer } from "../expiry-timer.ts"
import type { History } from "../history.ts"
import type { Journal, JournalBatch, JournalPlace, Tail } from "../journal.ts"
import type { Applied } from "../state-machine/applied.ts"
import type { StateMachine } from "../state-machine/state-machine.ts"
import type { Storage } from "../storage/storage.ts"
import { Appender } from "./appender.ts"
import type { AppliedRecords } from "./apply-records.ts"
import { Bounded } from "./bounded.ts"
import { boundedSnapshots } from "./bounded-snapshots.ts"
import { Opening } from "./opening.ts"
import { PartitionState } from "./partition-state.ts"
import { Patient } from "./patient.ts"
import { recordMark } from "./record.ts"
import type { RowExport } from "./row-export.ts"
import type { SnapshotPlace, SnapshotStore } from "./snapshot.ts"

/** Nodes spread their clock entries over this much, so that mostly one is enough. */
const CLOCK_JITTER_MS = 500
const RETRY_AFTER_MS = 250

export interface PartitionContext {
  readonly env: Env
  readonly journal: Journal
  readonly partition: number
  readonly storage: Storage
  /** Names this opening of the log among all nodes. */
  readonly node: string
  readonly supports: number
  readonly settings: DurableLogSettings
  readonly snapshots: SnapshotStore | undefined
  /** Called after each commit; `live` where it came in order behind what was told before. */
  readonly onApplied: (records: AppliedRecords, live: boolean) => void
  /** What was told of this partition may no longer be in the log. */
  readonly onEpoch: () => void
  /** A state came as a whole: what led to it is never told. */
  readonly onSnapshot: () => void
  readonly onReady: () => void
  /** Nothing more can be made durable by this node. */
  readonly onFenced: (cause: MagpieError) => void
}

/** What has happened to a partition since the log was opened. */
export interface PartitionCounters {
  /** The newest position that this node has heard of. */
  newest: number
  rebuilds: number
  poison: number
}

type State =
  /** `verifying`: the first record must be the one that was applied last. `target`: with it the node knows the log of its connect. */
  | { readonly name: "behind"; readonly target: number; readonly verifying: boolean }
  /** Has applied what was in the log at the connect, and is told the rest as it comes. */
  | { readonly name: "ready"; readonly verifying: boolean }
  | { readonly name: "closed" }

/** One partition as this node sees it: tails it, applies it to rows of its own, and builds them anew where the log is no longer the same. */
export class PartitionLog {
  readonly appender: Appender
  readonly counters: PartitionCounters = { newest: 0, rebuilds: 0, poison: 0 }
  readonly #context: PartitionContext
  readonly #applied: PartitionState
  readonly #opening: Opening
  readonly #timer: ExpiryTimer
  readonly #patient: Patient
  readonly #bounded: Bounded
  #journalPlace: JournalPlace = { incarnation: "", oldest: 1, newest: 0 }
  #state: State = { name: "behind", target: Number.POSITIVE_INFINITY, verifying: false }
  #tail: Tail | undefined
  #busy: Promise<unknown> = Promise.resolve()

  constructor(context: PartitionContext) {
    const { clock, random } = context.env
    this.#context = context
    this.#patient = new Patient(context)
    this.#bounded = new Bounded(clock)
    const snapshots = context.snapshots && boundedSnapshots(context.snapshots, this.#bounded)
    this.#applied = new PartitionState({ ...context, snapshots, patient: this.#patient })
    this.appender = new Appender(context)
    this.#opening = new Opening({
      ...context,
      submit: (entry) => this.appender.submit(entry, true),
      machine: () => this.machine,
      before: () => this.#applied.before,
      settled: (holds) => this.#exclusively(async () => (holds() ? this.#applied.settled() : undefined)),
      done: () => this.#becomeReady(),
    })
    this.#timer = new ExpiryTimer(
      clock,
      () => this.#tick(),
      () => random.float() * CLOCK_JITTER_MS,
    )
  }

  /** Reads what this node has applied. Fails with UNAVAILABLE while it does not know its log. */
  get history(): History {
    if (this.isReady) return this.#applied.history
    throw new MagpieError("UNAVAILABLE", "this node is catching up with the log", { retryAfterMs: RETRY_AFTER_MS })
  }

  get storage(): Storage {
    return this.#applied.storage
  }

  get machine(): StateMachine {
    return this.#applied.machine
  }

  get isReady(): boolean {
    return this.#state.name === "ready"
  }

  get #isClosed(): boolean {
    return this.#state.name === "closed"
  }

  start(): void {
    void this.#tail?.stop()
    const tail: Tail = this.#context.journal.tail(this.#context.partition, {
      connected: (place) => this.#fencing(() => this.#connected(place)),
      deliver: (batch) => this.#fencing(() => this.#deliver(batch, tail)),
      refused: (cause) => this.#context.onFenced(cause),
    })
    this.#tail = tail
  }

  /** Urgent entries also go while the node does not know its log. */
  submit(entry: Entry, urgent = false): Promise<Applied> {
    return this.appender.submit(entry, urgent)
  }

  /** The present state, to be read while entries go on being applied. Nothing where this node does not know its log. */
  export(): Promise<{ readonly place: SnapshotPlace; readonly rows: RowExport } | undefined> {
    return this.#exclusively(async () => (this.isReady && this.#applied.place.position > 0 ? this.#applied.export() : undefined))
  }

  /** Sends what was accepted, then lets go of everything. */
  async close(): Promise<void> {
    await this.appender.close()
    this.#end()
    await this.#tail?.stop()
    await this.#busy
  }

  fence(cause: MagpieError): void {
    if (this.#state.name === "closed") return
    this.#end()
    this.appender.fail(cause)
    void this.#tail?.stop()
  }

  #end(): void {
    this.#state = { name: "closed" }
    this.#timer.stop()
    this.#opening.stop()
    this.#patient.stop()
    this.#bounded.close()
  }

  #fencing<T>(task: () => Promise<T>): Promise<T> {
    return this.#exclusively(async () => {
      try {
        return await task()
      } catch (cause) {
        if (this.#state.name !== "closed") this.#context.onFenced(fenceError(cause))
        throw cause
      }
    })
  }

  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(task)
    this.#busy = done.catch(() => {})
    return done
  }

  async #connected(place: JournalPlace): Promise<number> {
    if (this.#state.name === "closed") return place.newest + 1
    this.#journalPlace = place
    this.counters.newest = place.newest
    const { position, incarnation } = this.#applied.place
    if (position === 0) return place.oldest === 1 && this.#context.snapshots === undefined ? this.#goOn(1, false) : this.#rebuild(false)
    if (position < place.oldest) {
      const sameLife = incarnation === place.incarnation
      // What it applied last is gone and cannot be compared; in the same life nothing else can have stood there.
      return sameLife && position === place.oldest - 1 ? this.#goOn(place.oldest, false) : this.#rebuild(!sameLife)
    }
    return position > place.newest ? this.#rebuild(true) : this.#goOn(position, true)
  }

  #goOn(from: number, verifying: boolean): number {
    if (this.#isClosed) return from
    this.appender.held = true
    this.#state = this.isReady ? { name: "ready", verifying } : { name: "behind", target: this.#journalPlace.newest, verifying }
    if (!verifying) this.#verified()
    return from
  }

  /** What was applied last is still there: the log is the one that it was. */
  #verified(): void {
    const state = this.#state
    if (state.name === "closed") return
    this.#state = { ...state, verifying: false }
    if (this.isReady) this.appender.held = false
    this.#open()
  }

  /** The log is another one than was applied, or goes on where this node cannot follow. Returns from where to read. */
  async #rebuild(lost: boolean): Promise<number> {
    const { partition, env, onEpoch, onSnapshot } = this.#context
    const journal = this.#journalPlace
    const { position } = this.#applied.place
    this.appender.held = true
    this.#opening.stop()
    this.#timer.due(undefined)
    this.#state = { name: "behind", target: journal.newest, verifying: false }
    env.log("info", "journal.rebuild", { partition, lost, position, newest: journal.newest })
    if (position > 0) {
      this.counters.rebuilds++
      onEpoch()
    }
    await this.#applied.rebuild(journal, lost)
    const { place, isUnproven } = this.#applied
    if (place.position > 0) {
      // What this node had sent may be in the snapshot, and what became of it is not told.
      this.appender.forget()
      onSnapshot()
    }
    return this.#goOn(Math.max(1, place.position), isUnproven)
  }

  async #deliver(batch: JournalBatch<Uint8Array>, tail: Tail): Promise<void> {
    const state = this.#state
    if (state.name === "closed" || tail !== this.#tail) return
    const { position, mark } = this.#applied.place
    this.counters.newest = Math.max(this.counters.newest, batch.newest ?? 0, batch.first + batch.records.length - 1)
    // The record that was applied last comes first after a connect, and again wherever the tail goes back.
    const again = batch.records[position - batch.first]
    const differs = again !== undefined && recordMark(again) !== mark
    if (differs || (state.verifying && (again === undefined || batch.first !== position))) {
      await this.#rebuild(!this.#applied.isUnproven)
      // Only a new tail begins elsewhere.
      if (!this.#isClosed) this.start()
      return
    }
    if (state.verifying) {
      await this.#applied.confirm(this.#journalPlace.incarnation)
      this.#verified()
    }
    const begin = Math.max(0, position + 1 - batch.first)
    if (begin < batch.records.length) await this.#apply(batch.records.slice(begin), batch.first + begin)
    this.#open()
  }

  async #apply(records: readonly Uint8Array[], first: number): Promise<void> {
    const { env, partition, onApplied, onEpoch } = this.#context
    const { epoch } = this.machine
    const result = await this.#applied.apply(records, first, this.#journalPlace.incarnation)
    this.counters.poison += result.poison.length
    for (const position of result.poison) env.log("error", "journal.poison", { partition, position })
    if (this.machine.epoch !== epoch && this.isReady) onEpoch()
    onApplied(result, this.isReady)
    for (const [counter, applied] of result.own) this.appender.applied(counter, applied)
    if (result.clockAt !== undefined) this.#timer.seen(result.clockAt)
    if (this.isReady) this.#timer.due(this.machine.nextDueAt())
  }

  /** A node that knows the log sees to its epoch and settings; then it takes part. */
  #open(): void {
    const state = this.#state
    if (state.name === "behind" && !state.verifying && this.#applied.place.position >= state.target) this.#opening.start()
  }

  #becomeReady(): void {
    if (this.#state.name !== "behind") return
    this.#state = { name: "ready", verifying: this.#state.verifying }
    this.appender.held = this.#state.verifying
    this.#timer.due(this.machine.nextDueAt())
    this.#context.onReady()
  }

  /** Refused for now: what is due stays due, and the timer is set again. */
  #tick(): void {
    const at = Math.floor(this.#context.env.clock.now())
    this.submit({ type: "clock", at }, true).catch(() => this.#timer.due(this.isReady ? this.machine.nextDueAt() : undefined))
  }
}

function fenceError(cause: unknown): MagpieError {
  if (isMagpieError(cause) && ["STORAGE_FENCED", "INVALID_OPTIONS", "UNRECOVERABLE"].includes(cause.code)) return cause
  return new MagpieError("STORAGE_FENCED", "the log could not be applied", { cause })
}
