import type { DurableLog } from "@magpie/journal"
import { toMagpieError } from "@magpie/protocol"
import { type CatchUp, PAGE } from "../channel/catch-up.ts"
import type { Subscription } from "../channel/subscription.ts"
import type { Connection } from "../session/connection.ts"
import type { RoomWaiter } from "../session/send-queue.ts"
import { laterInsteadOfClosed } from "./leaving-log.ts"
import type { LiveTable, RowChoice, TableFollower } from "./live-tables.ts"

export interface TableSubscriptionContext {
  readonly log: DurableLog
  readonly catchUp: CatchUp
  /** The offset that the other side is level with; undefined where it holds nothing. */
  readonly from: number | undefined
  readonly choice: RowChoice
  /** Least time between two updates; 0 for none. */
  readonly intervalMs: number
  readonly onEnd: () => void
}

/**
 * Gives rows as they are when there is time and room for them. What is kept of a subscriber is how far it has come: a slow one
 * is given less of what is in between, and the newest in the end [G6, G7].
 */
export class TableSubscription implements Subscription, TableFollower, RoomWaiter {
  given = 0
  readonly intervalMs: number
  readonly #connection: Connection
  readonly #table: LiveTable
  readonly #context: TableSubscriptionContext
  /** It was given what was written up to here, and was told so up to `#told`. */
  #at: number
  #told: number
  /** Up to here it holds every row as it was then: between two pages it lacks what the rows behind the first were written before. */
  #level: number
  /** While it is given the whole table: how far that was when it began. */
  #begun: number | undefined
  #resets: boolean
  #isAwaited = false
  #ended = false

  constructor(connection: Connection, table: LiveTable, context: TableSubscriptionContext) {
    this.#connection = connection
    this.#table = table
    this.#context = context
    this.intervalMs = context.intervalMs
    this.#at = context.from ?? 0
    this.#told = this.#at
    this.#level = this.#at
    this.#begun = context.from === undefined ? this.#newest() : undefined
    this.#resets = context.from === undefined
    table.join(this)
    context.catchUp.add(this)
  }

  get channel(): string {
    return this.#table.channel
  }

  get behind(): boolean {
    return this.#at < this.#newest()
  }

  /** What is published tells that rows were written; they are read. */
  deliver(): void {}

  onRoom(): void {
    this.#context.catchUp.add(this)
  }

  readPage(): boolean {
    if (this.#ended || (this.#at >= this.#newest() && !this.#resets)) return false
    const maxBytes = this.#connection.queue.roomForPage(PAGE.maxBytes)
    if (maxBytes === 0) {
      this.#connection.queue.awaitRoom(this)
      return false
    }
    try {
      return this.#advance(maxBytes)
    } catch (failure) {
      // The log cannot be read: the subscription ends openly, and the client decides whether to ask again.
      this.#connection.drop(this, laterInsteadOfClosed(toMagpieError(failure)))
      return false
    }
  }

  #advance(maxBytes: number): boolean {
    if (!this.#isWorthSomething()) this.#beginAnew()
    const { batch, position, more } = this.#table.read({
      after: this.#at,
      holds: this.#level,
      since: this.#told,
      reset: this.#resets,
      awaited: this.#isAwaited,
      choice: this.#context.choice,
      // The other half is for names and what else stands beside the values.
      limits: { maxCount: PAGE.maxCount, maxBytes: maxBytes / 2 },
      codec: this.#connection.codec,
    })
    this.#at = position.offset
    if (batch !== undefined) {
      this.#told = position.offset
      this.#resets = false
      this.#isAwaited = more
      this.#connection.sendBatch(batch)
    }
    if (more) return true
    this.#level = this.#at
    this.#begun = undefined
    return false
  }

  /** Whether it is still known of all rows that left since it was level. */
  #isWorthSomething(): boolean {
    const { epoch } = this.#context.log.newest(this.channel)
    const offset = this.#begun ?? this.#at
    return this.#context.log.resume(this.channel, { epoch, offset }).answer === "recovered"
  }

  #beginAnew(): void {
    this.#begun = this.#newest()
    this.#at = 0
    this.#told = 0
    this.#level = 0
    this.#resets = true
  }

  #newest(): number {
    return this.#context.log.newest(this.channel).offset
  }

  /** What was written before now is read all the same, by what it asks next. */
  settle(): void {}

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#table.leave(this)
    this.#connection.queue.forgetRoom(this)
    this.#context.catchUp.remove(this)
    this.#context.onEnd()
  }
}
