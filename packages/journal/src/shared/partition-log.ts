import { type Env, isMagpieError, MagpieError } from "@magpie/protocol"
import type { DurableLogSettings } from "../durable-log.ts"
import type { Entry } from "../entry.ts"
import { ExpiryTimer } from "../expiry-timer.ts"
import { History } from "../history.ts"
import type { Journal, JournalBatch, JournalPlace, Tail } from "../journal.ts"
import type { Applied } from "../state-machine/applied.ts"
import { StateMachine } from "../state-machine/state-machine.ts"
import type { Storage } from "../storage/storage.ts"
import { Appender } from "./appender.ts"
import { type AppliedRecords, applyRecords } from "./apply-records.ts"
import { buildAnew, snapshotName } from "./build-anew.ts"
import { Generations, type Place } from "./generations.ts"
import { Opening } from "./opening.ts"
import { Patient } from "./patient.ts"
import { recordMark } from "./record.ts"
import { exportRows, type SnapshotPlace, type SnapshotStore } from "./snapshot.ts"

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
  readonly onReady: () => void
  /** Nothing more can be made durable by this node. */
  readonly onFenced: (cause: MagpieError) => void
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
  readonly #context: PartitionContext
  readonly #generations: Generations
  readonly #opening: Opening
  readonly #timer: ExpiryTimer
  readonly #patient: Patient
  #machine: StateMachine
  #history: History
  #place: Place
  #journalPlace: JournalPlace = { incarnation: "", oldest: 1, newest: 0 }
  /** Where the state came from a snapshot that the log has not borne out yet. */
  #unproven = false
  readonly #rejected = new Set<string>()
  #state: State = { name: "behind", target: Number.POSITIVE_INFINITY, verifying: false }
  #tail: Tail | undefined
  #busy: Promise<unknown> = Promise.resolve()

  constructor(context: PartitionContext) {
    this.#context = context
    this.#generations = new Generations(context.storage, context.partition)
    this.#machine = new StateMachine(this.#generations.current, context.supports)
    this.#history = new History(this.#generations.current, this.#machine.epoch ?? "")
    this.#place = this.#generations.place
    this.appender = new Appender(context)
    this.#opening = new Opening({
      ...context,
      submit: (entry) => this.appender.submit(entry, true),
      machine: () => this.#machine,
      before: () => this.#generations.before,
      settled: (holds) => this.#exclusively(async () => (holds() ? this.#generations.settled() : undefined)),
      done: () => this.#becomeReady(),
    })
    const { clock, random } = context.env
    this.#patient = new Patient(context)
    this.#timer = new ExpiryTimer(
      clock,
      () => this.#tick(),
      () => random.float() * CLOCK_JITTER_MS,
    )
  }

  /** Reads what this node has applied. Fails with UNAVAILABLE while it does not know its log. */
  get history(): History {
    if (this.isReady) return this.#history
    throw new MagpieError("UNAVAILABLE", "this node is catching up with the log", { retryAfterMs: RETRY_AFTER_MS })
  }

  get storage(): Storage {
    return this.#generations.current
  }

  get machine(): StateMachine {
    return this.#machine
  }

  get isReady(): boolean {
    return this.#state.name === "ready"
  }

  start(): void {
    void this.#tail?.stop()
    const tail: Tail = this.#context.journal.tail(this.#context.partition, {
      connected: (place) => this.#fencing(() => this.#connected(place)),
      deliver: (batch) => this.#fencing(() => this.#deliver(batch, tail)),
    })
    this.#tail = tail
  }

  /** Urgent entries also go while the node does not know its log. */
  submit(entry: Entry, urgent = false): Promise<Applied> {
    return this.appender.submit(entry, urgent)
  }

  /** Writes the present state to the store; the partition stands still meanwhile. Returns which it was. */
  snapshot(store: SnapshotStore): Promise<SnapshotPlace | undefined> {
    return this.#exclusively(async () => {
      const { partition } = this.#context
      const { position, mark } = this.#place
      if (!this.isReady || position === 0) return undefined
      const place = { partition, position, mark, hash: this.#machine.stateHash(), epoch: this.#machine.epoch ?? "" }
      const newest = await store.newest(partition, Number.POSITIVE_INFINITY)
      if (newest?.position !== position || newest.mark !== mark) await store.put({ ...place, chunks: exportRows(this.storage) })
      return place
    })
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
    const { position, incarnation } = this.#place
    if (position === 0) return place.oldest === 1 && this.#context.snapshots === undefined ? this.#goOn(1, false) : this.#rebuild(false)
    if (position < place.oldest) {
      const sameLife = incarnation === place.incarnation
      // What it applied last is gone and cannot be compared; in the same life nothing else can have stood there.
      return sameLife && position === place.oldest - 1 ? this.#goOn(place.oldest, false) : this.#rebuild(!sameLife)
    }
    return position > place.newest ? this.#rebuild(true) : this.#goOn(position, true)
  }

  #goOn(from: number, verifying: boolean): number {
    this.appender.held = true
    this.#state = this.isReady ? { name: "ready", verifying } : { name: "behind", target: this.#journalPlace.newest, verifying }
    if (!verifying) this.#verified()
    return from
  }

  /** What was applied last is still there: the log is the one that it was. */
  #verified(): void {
    if (this.#state.name === "closed") return
    this.#unproven = false
    this.#state = { ...this.#state, verifying: false }
    if (this.#place.position > 0) this.#place = { ...this.#place, incarnation: this.#journalPlace.incarnation }
    if (this.isReady) this.appender.held = false
    this.#open()
  }

  /** The log is another one than was applied, or goes on where this node cannot follow. Returns from where to read. */
  async #rebuild(lost: boolean): Promise<number> {
    const { partition, snapshots, supports, env } = this.#context
    const journal = this.#journalPlace
    this.appender.held = true
    this.#opening.stop()
    this.#timer.due(undefined)
    this.#state = { name: "behind", target: journal.newest, verifying: false }
    env.log("info", "journal.rebuild", { partition, lost, position: this.#place.position, newest: journal.newest })
    if (this.#place.position > 0) this.#context.onEpoch()
    const [generations, rejected] = [this.#generations, this.#rejected]
    this.#place = await this.#patient.run(() => buildAnew({ generations, partition, snapshots, supports, journal, rejected, keep: lost }))
    this.#unproven = this.#place.position > 0
    this.#machine = new StateMachine(this.storage, supports)
    this.#history = new History(this.storage, this.#machine.epoch ?? "")
    return this.#goOn(Math.max(1, this.#place.position), this.#unproven)
  }

  async #deliver(batch: JournalBatch<Uint8Array>, tail: Tail): Promise<void> {
    const state = this.#state
    if (state.name === "closed" || tail !== this.#tail) return
    const { position, mark } = this.#place
    // The record that was applied last comes first after a connect, and again wherever the tail goes back.
    const again = batch.records[position - batch.first]
    const differs = again !== undefined && recordMark(again) !== mark
    if (differs || (state.verifying && (again === undefined || batch.first !== position))) {
      // A snapshot that the log does not bear out says nothing of what this node had applied.
      if (this.#unproven) this.#rejected.add(snapshotName(this.#place))
      await this.#rebuild(!this.#unproven)
      // Only a new tail begins elsewhere.
      this.start()
      return
    }
    if (state.verifying) this.#verified()
    const begin = Math.max(0, position + 1 - batch.first)
    if (begin < batch.records.length) await this.#apply(batch.records.slice(begin), batch.first + begin)
    this.#open()
  }

  async #apply(records: readonly Uint8Array[], first: number): Promise<void> {
    const { node, env, partition, onApplied, onEpoch } = this.#context
    const epoch = this.#machine.epoch
    const last = { position: first + records.length - 1, mark: recordMark(records.at(-1) ?? new Uint8Array()) }
    const place = { ...this.#place, ...last }
    // What a full disk refuses is still in the log.
    const result = await this.#patient.run(async () => {
      try {
        const done = applyRecords(this.#machine, records, first, node)
        await this.storage.commit([...this.#machine.endBatch(place.position), this.#generations.placeWrite(place)])
        return done
      } catch (cause) {
        this.#machine.discard()
        throw cause
      }
    })
    this.#machine.committed()
    this.#place = place
    for (const position of result.poison) env.log("error", "journal.poison", { partition, position })
    if (this.#machine.epoch !== epoch) {
      this.#history = new History(this.storage, this.#machine.epoch ?? "")
      if (this.isReady) onEpoch()
    }
    onApplied(result, this.isReady)
    for (const [counter, applied] of result.own) this.appender.applied(counter, applied)
    if (result.clockAt !== undefined) this.#timer.seen(result.clockAt)
    if (this.isReady) this.#timer.due(this.#machine.nextDueAt())
  }

  /** A node that knows the log sees to its epoch and settings; then it takes part. */
  #open(): void {
    const state = this.#state
    if (state.name === "behind" && !state.verifying && this.#place.position >= state.target) this.#opening.start()
  }

  #becomeReady(): void {
    if (this.#state.name !== "behind") return
    this.#state = { name: "ready", verifying: this.#state.verifying }
    this.appender.held = this.#state.verifying
    this.#timer.due(this.#machine.nextDueAt())
    this.#context.onReady()
  }

  /** Refused for now: what is due stays due, and the timer is set again. */
  #tick(): void {
    const at = Math.floor(this.#context.env.clock.now())
    this.submit({ type: "clock", at }, true).catch(() => this.#timer.due(this.isReady ? this.#machine.nextDueAt() : undefined))
  }
}

function fenceError(cause: unknown): MagpieError {
  if (isMagpieError(cause) && ["STORAGE_FENCED", "INVALID_OPTIONS", "UNRECOVERABLE"].includes(cause.code)) return cause
  return new MagpieError("STORAGE_FENCED", "the log could not be applied", { cause })
}
