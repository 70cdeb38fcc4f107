import { type Env, isMagpieError, MagpieError, type Timer, toMagpieError } from "@magpie/protocol"
import { BATCH_BYTES, BATCH_ENTRIES, batchLength, PENDING_BYTES, PENDING_ENTRIES, type Weight, weightOf } from "../append-limits.ts"
import type { Entry } from "../entry.ts"
import type { Journal } from "../journal.ts"
import type { Applied } from "../state-machine/applied.ts"
import { encodeRecord } from "./record.ts"

/** How long an entry may take from here through the broker and back. Then its publisher is told that nobody knows. */
export const OUTCOME_TIMEOUT_MS = 10_000
/** How long a close waits for what is on its way. */
const CLOSE_WAIT_MS = 2_000
const RETRY_AFTER_MS = 500

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
  readonly weight: Weight
  readonly since: number
  readonly resolve: (applied: Applied) => void
  readonly reject: (error: MagpieError) => void
}

interface Sent extends Waiting {
  acked: boolean
  applied: Applied | undefined
}

/** Of entries that were acknowledged and applied, from being handed in until then. */
export interface AppendCounters {
  done: number
  totalMs: number
  longestMs: number
}

/**
 * Brings this node's entries into one partition, one append after the other; what comes while one is under way forms the
 * next. An entry is done when the journal has acknowledged it and this node has applied it.
 */
export class Appender {
  readonly counters: AppendCounters = { done: 0, totalMs: 0, longestMs: 0 }
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

  /**
   * Resolves when it is durable and applied here. Fails with UNAVAILABLE: where nothing was stored, the message says so; else
   * it may have landed or may land later, and nobody knows.
   */
  submit(entry: Entry, urgent = false): Promise<Applied> {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal)
    const weight = weightOf([entry])
    const count = this.#queue.length + this.#sent.size
    if (!urgent && (count >= (this.#options.pendingEntries ?? PENDING_ENTRIES) || this.#bytes + weight.bytes > PENDING_BYTES)) {
      return Promise.reject(new MagpieError("UNAVAILABLE", "too much waits for the broker", { retryAfterMs: RETRY_AFTER_MS }))
    }
    this.#bytes += weight.bytes
    return new Promise((resolve, reject) => {
      const waiting = { entry, weight, since: this.#options.env.clock.monotonic(), resolve, reject }
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

  /** What was sent may be in the state that this node goes on from, which does not tell what became of it. */
  forget(): void {
    for (const [counter, sent] of this.#sent) if (sent.applied === undefined) this.#settle(counter, sent, unknown())
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
    const { journal, partition } = this.#options
    const underWay = {}
    this.#underWay = underWay
    const { counters, records } = this.#written(this.#take())
    try {
      if (records.length > 0) await journal.append(partition, records)
      else this.#tellEmpty()
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

  #take(): readonly Waiting[] {
    const from = this.#urgent.length > 0 ? this.#urgent : this.#queue
    return from.splice(0, batchLength(from, { entries: this.#options.batchEntries ?? BATCH_ENTRIES, bytes: BATCH_BYTES }))
  }

  /** What cannot be written is refused alone. */
  #written(batch: readonly Waiting[]): { readonly counters: readonly number[]; readonly records: readonly Uint8Array[] } {
    const counters: number[] = []
    const records: Uint8Array[] = []
    for (const waiting of batch) {
      const counter = this.#counter + 1
      try {
        records.push(encodeRecord({ origin: { node: this.#options.node, counter }, entry: waiting.entry }))
      } catch (cause) {
        this.#bytes -= waiting.weight.bytes
        waiting.reject(toMagpieError(cause))
        continue
      }
      this.#counter = counter
      counters.push(counter)
      this.#sent.set(counter, { ...waiting, acked: false, applied: undefined })
    }
    return { counters, records }
  }

  #acked(counter: number): void {
    const sent = this.#sent.get(counter)
    if (sent === undefined) return
    if (sent.applied !== undefined) this.#settle(counter, sent, sent.applied)
    else sent.acked = true
  }

  #settle(counter: number, sent: Sent, result: Applied | MagpieError): void {
    this.#sent.delete(counter)
    this.#bytes -= sent.weight.bytes
    if (result instanceof Error) sent.reject(result)
    else {
      this.#count(this.#options.env.clock.monotonic() - sent.since)
      sent.resolve(result)
    }
    this.#tellEmpty()
  }

  #tellEmpty(): void {
    if (this.#sent.size + this.#queue.length + this.#urgent.length === 0) this.#onEmpty?.()
  }

  #count(ms: number): void {
    this.counters.done++
    this.counters.totalMs += ms
    this.counters.longestMs = Math.max(this.counters.longestMs, ms)
  }

  /** One timer for the oldest that waits. */
  #watch(): void {
    if (this.#timer !== undefined) return
    let oldest = Math.min(this.#urgent[0]?.since ?? Infinity, this.#queue[0]?.since ?? Infinity)
    // What is urgent overtakes, so these do not stand in the order in which they came.
    for (const { since } of this.#sent.values()) oldest = Math.min(oldest, since)
    if (oldest === Infinity) return
    const { clock } = this.#options.env
    this.#timer = clock.setTimer(Math.max(0, oldest + OUTCOME_TIMEOUT_MS - clock.monotonic()), () => {
      this.#timer = undefined
      this.#giveUp(clock.monotonic())
      this.#watch()
    })
  }

  /** Counts as the timer does: fractions of a millisecond add up otherwise from the other side. */
  #giveUp(now: number): void {
    for (const [counter, sent] of this.#sent) if (sent.since + OUTCOME_TIMEOUT_MS <= now) this.#settle(counter, sent, unknown())
    const late = (waiting: Waiting): boolean => {
      if (waiting.since + OUTCOME_TIMEOUT_MS > now) return true
      this.#bytes -= waiting.weight.bytes
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
