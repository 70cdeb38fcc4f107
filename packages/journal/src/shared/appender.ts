import { type Env, isMagpieError, MagpieError, type Timer } from "@magpie/protocol"
import type { Entry } from "../entry.ts"
import type { Journal } from "../journal.ts"
import type { Applied } from "../state-machine/applied.ts"
import { encodeRecord } from "./record.ts"

/** What one append may hold. */
const BATCH_ENTRIES = 1_024
const BATCH_BYTES = 1_048_576
/** What may wait for the broker; more is refused with UNAVAILABLE. */
const PENDING_ENTRIES = 65_536
const PENDING_BYTES = 67_108_864
/** How long an entry may take from here through the broker and back. Then its publisher is told that nobody knows. */
export const OUTCOME_TIMEOUT_MS = 10_000
/** How long a close waits for what is on its way. */
const CLOSE_WAIT_MS = 2_000
const RETRY_AFTER_MS = 500
/** An entry beside its data, roughly. */
const ENTRY_BYTES = 256

export interface AppenderOptions {
  readonly env: Env
  readonly journal: Journal
  readonly partition: number
  /** Names this opening of the log. */
  readonly node: string
  readonly batchEntries?: number
  readonly pendingEntries?: number
}

interface Waiting {
  readonly entry: Entry
  readonly bytes: number
  readonly since: number
  readonly resolve: (applied: Applied) => void
  readonly reject: (error: MagpieError) => void
}

interface Sent extends Waiting {
  acked: boolean
  applied: Applied | undefined
}

/**
 * Brings this node's entries into one partition, one append after the other; what comes while one is under way forms the
 * next. An entry is done when the journal has acknowledged it and this node has applied it.
 */
export class Appender {
  readonly #options: AppenderOptions
  #urgent: Waiting[] = []
  #queue: Waiting[] = []
  /** By counter, which grows in the order of sending. */
  readonly #sent = new Map<number, Sent>()
  #counter = 0
  #bytes = 0
  #held = true
  #underWay: object | undefined
  #gathering = false
  #timer: Timer | undefined
  #refusal: MagpieError | undefined
  #onEmpty: (() => void) | undefined

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** While held, only urgent entries are sent. */
  set held(held: boolean) {
    this.#held = held
    if (!held) this.#gather()
  }

  /** Resolves when it is durable and applied here. Fails with UNAVAILABLE where that is not known in time: it may have landed or may land later. */
  submit(entry: Entry, urgent = false): Promise<Applied> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
    const bytes = entry.type === "publish" ? entry.data.length + ENTRY_BYTES : ENTRY_BYTES
    const count = this.#queue.length + this.#sent.size
    if (!urgent && (count >= (this.#options.pendingEntries ?? PENDING_ENTRIES) || this.#bytes + bytes > PENDING_BYTES)) {
      return Promise.reject(new MagpieError("UNAVAILABLE", "too much waits for the broker", { retryAfterMs: RETRY_AFTER_MS }))
    }
    this.#bytes += bytes
    return new Promise((resolve, reject) => {
      const waiting = { entry, bytes, since: this.#options.env.clock.monotonic(), resolve, reject }
      if (urgent) this.#urgent.push(waiting)
      else this.#queue.push(waiting)
      this.#watch()
      this.#gather()
    })
  }

  /** An entry of this node was applied. What it sent earlier and was not applied never will be. */
  applied(counter: number, applied: Applied): void {
    for (const [earlier, sent] of this.#sent) {
      if (earlier >= counter) break
      if (sent.applied === undefined) this.#settle(earlier, sent, lost())
    }
    const sent = this.#sent.get(counter)
    if (sent === undefined) return
    if (sent.acked) this.#settle(counter, sent, applied)
    else sent.applied = applied
  }

  /** Refuses what comes, waits a little for what is on its way, gives up the rest. */
  async close(): Promise<void> {
    this.#refusal ??= new MagpieError("CLOSED", "the log is closed")
    if (this.#sent.size + this.#queue.length + this.#urgent.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.env.clock.setTimer(CLOSE_WAIT_MS, resolve)
        this.#onEmpty = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    this.fail(unknown())
  }

  /** Ends everything with one error. */
  fail(error: MagpieError): void {
    this.#refusal ??= error
    this.#timer?.cancel()
    this.#timer = undefined
    for (const waiting of [...this.#urgent, ...this.#queue]) waiting.reject(error)
    for (const [counter, sent] of this.#sent) this.#settle(counter, sent, error)
    this.#urgent = []
    this.#queue = []
    this.#onEmpty?.()
  }

  /** What one turn of the event loop submits shares an append. */
  #gather(): void {
    if (this.#gathering || this.#underWay !== undefined || !this.#hasWork()) return
    this.#gathering = true
    this.#options.env.clock.defer(() => {
      this.#gathering = false
      if (this.#underWay === undefined && this.#hasWork()) void this.#send()
    })
  }

  #hasWork(): boolean {
    return this.#urgent.length > 0 || (!this.#held && this.#queue.length > 0)
  }

  async #send(): Promise<void> {
    const { journal, partition, node } = this.#options
    const counters: number[] = []
    const records: Uint8Array[] = []
    for (const waiting of this.#take()) {
      const counter = ++this.#counter
      counters.push(counter)
      records.push(encodeRecord({ origin: { node, counter }, entry: waiting.entry }))
      this.#sent.set(counter, { ...waiting, acked: false, applied: undefined })
    }
    const underWay = {}
    this.#underWay = underWay
    try {
      await journal.append(partition, records)
      for (const counter of counters) this.#acked(counter)
    } catch (cause) {
      const error = isMagpieError(cause) && cause.code === "STORAGE_FENCED" ? cause : unknown(cause)
      for (const counter of counters) {
        const sent = this.#sent.get(counter)
        if (sent !== undefined) this.#settle(counter, sent, error)
      }
    }
    if (this.#underWay !== underWay) return
    this.#underWay = undefined
    this.#gather()
  }

  /** At least one, and as many more as fit. */
  #take(): readonly Waiting[] {
    const from = this.#urgent.length > 0 ? this.#urgent : this.#queue
    let count = 0
    let bytes = 0
    for (const waiting of from) {
      bytes += waiting.bytes
      if (count > 0 && (count >= (this.#options.batchEntries ?? BATCH_ENTRIES) || bytes > BATCH_BYTES)) break
      count++
    }
    return from.splice(0, count)
  }

  #acked(counter: number): void {
    const sent = this.#sent.get(counter)
    if (sent === undefined) return
    if (sent.applied !== undefined) this.#settle(counter, sent, sent.applied)
    else sent.acked = true
  }

  #settle(counter: number, sent: Sent, result: Applied | MagpieError): void {
    this.#sent.delete(counter)
    this.#bytes -= sent.bytes
    if (result instanceof Error) sent.reject(result)
    else sent.resolve(result)
    if (this.#sent.size + this.#queue.length + this.#urgent.length === 0) this.#onEmpty?.()
  }

  /** One timer for the oldest that waits. */
  #watch(): void {
    if (this.#timer !== undefined) return
    const [sent] = this.#sent.values()
    const oldest = [this.#urgent[0], this.#queue[0], sent].reduce(
      (least, one) => Math.min(least, one?.since ?? least),
      Number.POSITIVE_INFINITY,
    )
    if (oldest === Number.POSITIVE_INFINITY) return
    const { clock } = this.#options.env
    this.#timer = clock.setTimer(Math.max(0, oldest + OUTCOME_TIMEOUT_MS - clock.monotonic()), () => {
      this.#timer = undefined
      this.#giveUp(clock.monotonic() - OUTCOME_TIMEOUT_MS)
      this.#watch()
    })
  }

  #giveUp(until: number): void {
    for (const [counter, sent] of this.#sent) if (sent.since <= until) this.#settle(counter, sent, unknown())
    const late = (waiting: Waiting): boolean => {
      if (waiting.since > until) return true
      this.#bytes -= waiting.bytes
      waiting.reject(
        new MagpieError("UNAVAILABLE", "the broker did not take it in time; nothing was stored", { retryAfterMs: RETRY_AFTER_MS }),
      )
      return false
    }
    this.#urgent = this.#urgent.filter(late)
    this.#queue = this.#queue.filter(late)
    // An append that never settles does not hold up those behind it.
    if (this.#sent.size === 0) this.#underWay = undefined
    this.#gather()
  }
}

function unknown(cause?: unknown): MagpieError {
  return new MagpieError("UNAVAILABLE", "whether it was stored is not known; with its sequence or key it can be sent again", {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  })
}

function lost(): MagpieError {
  return new MagpieError("UNAVAILABLE", "it did not reach the log; nothing was stored", { retryAfterMs: RETRY_AFTER_MS })
}
