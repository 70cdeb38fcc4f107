import { type AckLevel, type Env, isMagpieError, MagpieError, type Publication } from "@magpie/protocol"
import { checkSettings } from "./door.ts"
import type {
  ChangeRequest,
  CommandRequest,
  CompactRequest,
  DurableLog,
  DurableLogSettings,
  Outcome,
  PublishRequest,
  RefuseRequest,
  RowRequest,
} from "./durable-log.ts"
import { embeddedJournal } from "./embedded-journal.ts"
import { changeEntry, commandEntry, compactEntry, outcomeOf, publishEntry, refusedEntry, rowEntry } from "./entries-of-requests.ts"
import type { Entry } from "./entry.ts"
import { ExpiryTimer } from "./expiry-timer.ts"
import { History } from "./history.ts"
import type { Journal, JournalBatch } from "./journal.ts"
import { Listeners } from "./listeners.ts"
import { LogControl } from "./log-control.ts"
import { randomEpoch } from "./random-names.ts"
import { ReadingLog } from "./reading-log.ts"
import { INCARNATION_KEY } from "./rows/keys.ts"
import { isIntact } from "./rows/row-reader.ts"
import { RowWriter } from "./rows/row-writer.ts"
import { decodeText, encodeText, sameSettings } from "./rows/system-rows.ts"
import { type Applied, NOTHING } from "./state-machine/applied.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine/state-machine.ts"
import type { Storage, Write } from "./storage/storage.ts"

/** Names the one node of an embedded log, across its restarts. */
const SINGLE_NODE = "single"

export interface DurableLogOptions {
  readonly storage: Storage
  /** The embedded one where absent. It must hand back the very entries that were appended here. */
  readonly journal?: Journal<Entry>
  readonly env: Env
  readonly settings: DurableLogSettings
}

/**
 * Opens the log over a storage, which it owns from here on, also when opening fails. Starts an epoch in a new storage and
 * in one that was copied back. Fails with INVALID_OPTIONS, STORAGE_FENCED (damaged) or UNAVAILABLE (full).
 */
export async function openDurableLog(options: DurableLogOptions): Promise<DurableLog> {
  try {
    checkSettings(options.settings)
    const log = new Log(options, new StateMachine(options.storage))
    try {
      await log.start()
      return log
    } catch (error) {
      await log.close().catch(() => {})
      throw error
    }
  } catch (error) {
    // Why it could not be opened is what helps; that it could not be closed either does not.
    await options.storage.close().catch(() => {})
    throw error
  }
}

interface Waiting {
  readonly resolve: (applied: Applied) => void
  readonly reject: (error: unknown) => void
}

type State = { readonly name: "open" } | { readonly name: "fenced"; readonly cause: MagpieError } | { readonly name: "closed" }

class Log extends ReadingLog implements DurableLog {
  readonly level: AckLevel
  readonly control: LogControl
  readonly #storage: Storage
  readonly #journal: Journal<Entry>
  readonly #env: Env
  readonly #settings: DurableLogSettings
  readonly #machine: StateMachine
  readonly #timer: ExpiryTimer
  readonly #waiting = new Map<Entry, Waiting>()
  readonly #publications: Listeners<readonly Publication[]>
  readonly #fences: Listeners<unknown>
  #history: History
  #state: State = { name: "open" }
  #closing: Promise<void> | undefined

  constructor(options: DurableLogOptions, machine: StateMachine) {
    super()
    this.#storage = options.storage
    this.#env = options.env
    this.#settings = options.settings
    this.#machine = machine
    this.#publications = new Listeners(options.env)
    this.#fences = new Listeners(options.env)
    this.#journal = options.journal ?? embeddedJournal({ env: options.env, level: options.storage.level })
    this.level = options.storage.level
    this.control = new LogControl({
      nodeId: SINGLE_NODE,
      env: options.env,
      storage: () => this.#storage,
      epoch: () => this.#machine.epoch ?? "",
      submit: (entry) => this.#submit(entry),
      lagMs: () => 0,
      applyVersion: () => this.#machine.settings.applyVersion,
      shared: false,
    })
    this.#history = new History(options.storage, machine.epoch ?? "")
    this.#timer = new ExpiryTimer(options.env.clock, () => this.#tick())
    this.#journal.tail(0, { connected: () => machine.position + 1, deliver: (batch) => this.#applyBatch(batch) })
  }

  get ready(): boolean {
    return this.#state.name === "open"
  }

  async start(): Promise<void> {
    const { epoch } = this.#machine
    if (epoch === undefined || !isAtHome(this.#storage)) {
      const reason = epoch === undefined ? "created" : "restored"
      await this.#submit({ type: "epoch", at: this.#now(), epoch: randomEpoch(this.#env.random), reason })
      this.#env.log("info", "journal.epoch", { reason, epoch: this.#machine.epoch })
    }
    const settings = { applyVersion: APPLY_VERSION, ...this.#settings }
    if (!sameSettings(settings, this.#machine.settings)) await this.#submit({ type: "settings", at: this.#now(), ...settings })
    this.#history = new History(this.#storage, this.#machine.epoch ?? "")
    this.#timer.due(this.#machine.nextDueAt())
  }

  async publish(request: PublishRequest): Promise<Outcome> {
    return outcomeOf(await this.#submit(publishEntry(request, this.#now())))
  }

  async change(request: ChangeRequest): Promise<Outcome> {
    return outcomeOf(await this.#submit(changeEntry(request, this.#now(), this.#machine.settings.applyVersion)))
  }

  async write(request: RowRequest): Promise<Outcome> {
    return outcomeOf(await this.#submit(rowEntry(request, this.#now(), this.#machine.settings.applyVersion)))
  }

  async step(request: CommandRequest): Promise<Outcome> {
    return outcomeOf(await this.#submit(commandEntry(request, this.#now(), this.#machine.settings.applyVersion)))
  }

  async compact(request: CompactRequest): Promise<Outcome> {
    return outcomeOf(await this.#submit(compactEntry(request, this.#now(), this.#machine.settings.applyVersion)))
  }

  async refuse(request: RefuseRequest): Promise<Outcome> {
    return outcomeOf(await this.#submit(refusedEntry(request, this.#now())))
  }

  /** The one node has applied everything that it ever told. */
  behind(): undefined {}

  protected override historyOf(): History {
    return this.#history
  }

  onApplied(listener: (publications: readonly Publication[]) => void): () => void {
    return this.#publications.add(listener)
  }

  /** An epoch begins only while the log is opened. */
  onEpoch(): () => void {
    return () => {}
  }

  /** A listener that comes after the fact is called at once. */
  onFenced(listener: (cause: unknown) => void): () => void {
    if (this.#state.name === "fenced") listener(this.#state.cause)
    return this.#fences.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#state.name === "open") this.#state = { name: "closed" }
    this.#timer.stop()
    this.control.close()
    try {
      await this.#journal.close()
    } finally {
      await this.#storage.close()
    }
  }

  #now(): number {
    return Math.floor(this.#env.clock.now())
  }

  /** Resolves once the entry is applied and durable. */
  #submit(entry: Entry): Promise<Applied> {
    if (this.#state.name === "fenced") return Promise.reject(this.#state.cause)
    if (this.#state.name === "closed") return Promise.reject(new MagpieError("CLOSED", "the log is closed"))
    return new Promise((resolve, reject) => {
      this.#waiting.set(entry, { resolve, reject })
      // Success is told by the batch, which knows the outcome; a failed append may never have become part of one.
      this.#journal.append(0, [entry]).catch((error: unknown) => this.#reject(entry, error))
    })
  }

  #tick(): void {
    const entry: Entry = { type: "clock", at: this.#now() }
    // Refused for now: what is due stays due, and the timer is set again.
    this.#submit(entry).catch(() => this.#timer.due(this.#state.name === "open" ? this.#machine.nextDueAt() : undefined))
  }

  /** One transaction per batch. Rejects, which ends the tail, only when nothing more can be made durable. */
  async #applyBatch(batch: JournalBatch<Entry>): Promise<void> {
    const applied: Applied[] = []
    let position = batch.first
    try {
      for (const entry of batch.records) applied.push(this.#machine.apply(entry, position++))
      await this.#storage.commit(this.#writesOf(batch))
    } catch (cause) {
      this.#batchFailed(batch, cause)
      return
    }
    this.#machine.committed()
    this.#announce(applied)
    for (const [index, entry] of batch.records.entries()) {
      this.#waiting.get(entry)?.resolve(applied[index] ?? NOTHING)
      this.#waiting.delete(entry)
    }
    this.#timer.due(this.#machine.nextDueAt())
  }

  #writesOf(batch: JournalBatch<Entry>): readonly Write[] {
    const writes = this.#machine.endBatch(batch.first + batch.records.length - 1)
    if (batch.records.some((entry) => entry.type === "epoch")) {
      writes.push({ put: INCARNATION_KEY, value: encodeText(new RowWriter(), this.#storage.incarnation) })
    }
    return writes
  }

  /** A full disk refuses the batch and no more; after anything else what the disk holds is unknown [F105, F106]. */
  #batchFailed(batch: JournalBatch<Entry>, cause: unknown): void {
    const refusedOnly = isMagpieError(cause) && cause.code === "UNAVAILABLE"
    const error = refusedOnly ? cause : fenceError(cause)
    if (!refusedOnly) this.#fence(error)
    for (const entry of batch.records) this.#reject(entry, error)
    if (!refusedOnly) throw error
    this.#machine.discard()
  }

  #fence(cause: MagpieError): void {
    this.#state = { name: "fenced", cause }
    this.#timer.stop()
    this.#env.log("error", "journal.fenced", { code: cause.code, reason: cause.reason })
    this.#fences.tell(cause)
  }

  #announce(applied: readonly Applied[]): void {
    const publications: Publication[] = []
    for (const { publication, expired, changes } of applied) {
      if (publication !== undefined) publications.push(publication)
      if (expired !== undefined) publications.push(...expired)
      if (changes !== undefined) this.control.tell(changes)
    }
    if (publications.length > 0) this.#publications.tell(publications)
  }

  #reject(entry: Entry, error: unknown): void {
    this.#waiting.get(entry)?.reject(error)
    this.#waiting.delete(entry)
  }
}

/** Whether the storage lies where this log last wrote it. */
function isAtHome(storage: Storage): boolean {
  const row = storage.get(INCARNATION_KEY)
  return row !== undefined && isIntact(row) && decodeText(row) === storage.incarnation
}

function fenceError(cause: unknown): MagpieError {
  if (isMagpieError(cause) && cause.code === "STORAGE_FENCED") return cause
  return new MagpieError("STORAGE_FENCED", "a batch could not be applied", { cause })
}
