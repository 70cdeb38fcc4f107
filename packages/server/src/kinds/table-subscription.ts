import { type Clock, toMagpieError } from "@magpie/protocol"
import { type CatchUp, PAGE } from "../channel/catch-up.ts"
import type { Subscription } from "../channel/subscription.ts"
import type { Connection } from "../session/connection.ts"
import type { RoomWaiter } from "../session/send-queue.ts"
import { FilteredRows, type RememberedRows } from "./filtered-rows.ts"
import { laterInsteadOfClosed } from "./leaving-log.ts"
import type { LiveTable, TableFollower } from "./live-tables.ts"
import type { Pace } from "./pace.ts"
import type { RowChoice } from "./row-choice.ts"
import type { ChosenRows, PageRequest, TableView } from "./table-view.ts"

export interface TableSubscriptionContext {
  readonly catchUp: CatchUp
  /** The offset that the other side is level with; undefined where it holds nothing. */
  readonly from: number | undefined
  readonly choice: RowChoice
  readonly clock: Pick<Clock, "monotonic">
  readonly pace: Pace
  readonly remembered: RememberedRows
  readonly onEnd: () => void
}

/** What stands around the rows of a message. */
const HEAD_BYTES = 2_048

/** How far it was given what it lacked at one moment. */
interface Reading {
  readonly view: TableView
  readonly chosen: ChosenRows
  /** It is given everything anew, which does not count as an update. */
  readonly isAnew: boolean
  /** The link had taken the update before. */
  readonly wasTaken: boolean
  given: number
  bytes: number
}

/**
 * Gives rows as they are when there is time and room for them. What is kept of a subscriber is how far it has come: a slow one
 * is given less of what is in between, and the newest in the end [G6, G7].
 */
export class TableSubscription implements Subscription, TableFollower, RoomWaiter {
  given = 0
  readonly pace: Pace
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
  #reading: Reading | undefined
  /** Where in what the connection was given its last update ended. */
  #sentUpTo = 0
  /** What it was told of its pace. */
  #toldMs: number
  /** What it holds, where it follows a filter. */
  readonly #filtered: FilteredRows | undefined
  #ended = false

  constructor(connection: Connection, table: LiveTable, context: TableSubscriptionContext) {
    this.#connection = connection
    this.#table = table
    this.#context = context
    this.pace = context.pace
    this.#toldMs = context.pace.intervalMs
    this.#at = context.from ?? 0
    this.#told = this.#at
    this.#level = this.#at
    this.#begun = context.from === undefined ? this.#newest() : undefined
    this.#resets = context.from === undefined
    const { filter } = context.choice
    this.#filtered = filter && new FilteredRows(filter, context.from === undefined, context.remembered)
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
    if (this.#ended) return false
    const { queue } = this.#connection
    const room = queue.roomForPage(PAGE.maxBytes)
    const wasTaken = queue.hasTaken(this.#sentUpTo)
    const now = this.#context.clock.monotonic()
    if (room === 0 || (this.#reading === undefined && !wasTaken && this.pace.isLate(now))) {
      if (this.#reading === undefined) this.pace.stalled(now)
      else this.#end(this.#reading)
      // What is kept for it is how far it has come, so that nobody's reading holds a view of the table.
      this.#reading = undefined
      queue.awaitRoom(this)
      return false
    }
    try {
      this.#reading ??= this.#begin(wasTaken)
      return this.#reading !== undefined && this.#advance(this.#reading, room)
    } catch (failure) {
      // The log cannot be read: the subscription ends openly, and the client decides whether to ask again.
      this.#connection.drop(this, laterInsteadOfClosed(toMagpieError(failure)))
      return false
    }
  }

  /** What it lacks now; undefined where it lacks nothing. */
  #begin(wasTaken: boolean): Reading | undefined {
    const table = this.#table
    if (this.#at >= table.newest && !this.#resets) return undefined
    if (!table.recovers(this.#begun ?? this.#at)) this.#beginAnew()
    const { choice } = this.#context
    const shared = choice.keys === undefined || this.#level > 0
    const view = shared ? table.view(this.#at) : table.view(this.#at, choice.keys)
    const its = shared && choice.keys !== undefined && view.more ? table.view(this.#at, choice.keys) : view
    return { view: its, chosen: its.chosenBy(choice, this.#filtered), isAnew: this.#resets, wasTaken, given: 0, bytes: 0 }
  }

  #advance(reading: Reading, room: number): boolean {
    const { batch, position, more, next } = reading.view.page({
      ...{ channel: this.channel, chosen: reading.chosen, given: reading.given, choice: this.#context.choice },
      ...{ holds: this.#level, since: this.#told, reset: this.#resets, awaited: this.#isAwaited },
      pace: this.#saidOfPace(),
      ...{ maxBytes: room - Math.min(room / 2, HEAD_BYTES), codec: this.#connection.codec },
    })
    this.#note(reading, next)
    this.#at = position.offset
    if (batch !== undefined) {
      this.#told = position.offset
      this.#resets = false
      this.#isAwaited = more
      this.#toldMs = this.pace.intervalMs
      reading.bytes += batch.bytes
      this.#connection.sendBatch(batch)
    }
    if (position === reading.view.position) {
      this.#end(reading)
      this.#reading = undefined
    }
    if (more) return true
    this.#level = this.#at
    this.#begun = undefined
    return false
  }

  #saidOfPace(): PageRequest["pace"] {
    const { intervalMs, slowedBy } = this.pace
    return intervalMs === this.#toldMs ? undefined : { intervalMs, ...(slowedBy === undefined ? undefined : { slowedBy }) }
  }

  /** An update was given, or as much of it as there was room for. */
  #end({ isAnew, wasTaken, bytes }: Reading): void {
    if (bytes === 0) return
    this.#sentUpTo = this.#connection.queue.givenBytes
    this.pace.gave(isAnew ? 0 : bytes, this.#context.clock.monotonic(), wasTaken)
  }

  #note(reading: Reading, next: number): void {
    const { view, chosen, given } = reading
    if (this.#filtered !== undefined && chosen.tellings !== undefined) {
      for (let index = given; index < next; index++) {
        const { key, isThere } = view.chosenAt(chosen, index)
        this.#filtered.told(key, chosen.tellings[index] ?? "fields", isThere)
      }
    }
    reading.given = next
  }

  #beginAnew(): void {
    this.#filtered?.reset()
    this.#begun = this.#newest()
    this.#at = 0
    this.#told = 0
    this.#level = 0
    this.#resets = true
  }

  #newest(): number {
    return this.#table.newest
  }

  /** What was written before now is read all the same, by what it asks next. */
  settle(): void {}

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#filtered?.end()
    this.#table.leave(this)
    this.#connection.queue.forgetRoom(this)
    this.#context.catchUp.remove(this)
    this.#context.onEnd()
  }
}
