import type { Counts, PresenceDelta, Timer } from "@magpie/protocol"
import { createDelivery, type Delivery } from "../channel/delivery.ts"
import type { Watched } from "../flow/timing-wheel.ts"
import type { ChannelGatherer } from "../flow/turn.ts"
import { ChangeLog } from "./change-log.ts"
import { ChangeSet, type Changes, listsOf } from "./change-set.ts"
import type { Feed, FeedWatcher, News } from "./feed.ts"
import type { PresenceContext } from "./presence-context.ts"
import type { Roster, RosterPage } from "./roster.ts"
import { Watchers } from "./watchers.ts"

/**
 * A change leaves with its turn while few watch. With each 50 watchers changes are gathered for another 10 ms, up to a
 * second, so that what a crowd costs does not grow with how lively it is.
 */
const WATCHERS_PER_STEP = 50
const STEP_MS = 10
const MAX_GATHER_MS = 1_000
/** As with a channel's batches: a slow reader is noticed before a huge one is queued for it. */
const PART_BYTES = 32_768
/** A room that was lively and has been silent for so long tells its version once more; a loss is noticed by that. */
const BEACON_MS = 2_000

/**
 * Tells its watchers every change; of a member that changes more often than they are told, the outcome. What changes while some
 * of them are still told what came before is gathered until all have that.
 */
export class FullFeed implements Feed, ChannelGatherer, Watched {
  readonly epoch: string
  readonly #channel: string
  readonly #roster: Roster
  readonly #context: PresenceContext
  readonly #log: ChangeLog
  readonly #watchers = new Watchers()
  readonly #pending = new ChangeSet()
  #state: "idle" | "gathering" | "due" | "held" = "idle"
  #toldAtMs = Number.NEGATIVE_INFINITY
  #watchedAtMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  /** The last answer to somebody who came back: a crowd that lost its links together has the same version. */
  #catchUp: { readonly from: number; readonly to: number; readonly deliveries: readonly Delivery[] | undefined } | undefined

  constructor(epoch: string, channel: string, roster: Roster, context: PresenceContext) {
    this.epoch = epoch
    this.#channel = channel
    this.#roster = roster
    this.#context = context
    this.#log = new ChangeLog(context.limits.presenceLogBytes)
  }

  get version(): number {
    return this.#log.version
  }

  get counts(): Counts {
    return this.#roster.counts
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /** Changes that nobody was told yet. To be followed by `changed`. */
  get pending(): Pick<ChangeSet, "joined" | "updated" | "left"> {
    return this.#pending
  }

  changed(): void {
    if (this.#state !== "idle") return
    if (this.#context.sheds()) {
      this.#state = "held"
      return
    }
    this.#state = "gathering"
    const waitMs = this.#toldAtMs + this.#gatherMs - this.#context.clock.monotonic()
    if (waitMs <= 0) this.#becomeDue()
    else this.#timer = this.#context.clock.setTimer(waitMs, () => this.#becomeDue())
  }

  #becomeDue(): void {
    this.#state = "due"
    this.#context.turn.channel(this)
  }

  /** What was held back goes out. */
  release(): void {
    if (this.#state !== "held") return
    this.#state = "idle"
    this.changed()
  }

  get #gatherMs(): number {
    return Math.min(MAX_GATHER_MS, Math.floor(this.#watchers.size / WATCHERS_PER_STEP) * STEP_MS)
  }

  give(count: number, alone: boolean): number {
    let given = 0
    while (given < count) {
      if (!this.#watchers.isUnderWay) this.#tellChanges()
      if (!this.#watchers.isUnderWay) break
      given += this.#watchers.give(count - given, alone)
    }
    return given
  }

  #tellChanges(): void {
    if (this.#state !== "due") return
    if (this.#context.sheds()) {
      this.#state = "held"
      return
    }
    this.#context.guard()
    this.#state = "idle"
    this.#toldAtMs = this.#context.clock.monotonic()
    const tooMuch = this.#pending.bytes > this.#context.limits.presenceLogBytes
    const parts = this.#pending.take(PART_BYTES)
    if (tooMuch || !this.#isWanted) return this.#skip()
    this.#watchers.begin(parts.map((part) => this.#newsOf(part)))
    if (this.#watchers.isUnderWay) this.#context.wheel.watch(this, BEACON_MS)
  }

  /** Somebody watches, or did a moment ago and may come back. */
  get #isWanted(): boolean {
    return this.#watchers.size > 0 || this.#toldAtMs - this.#watchedAtMs <= this.#context.leaseMs
  }

  #skip(): void {
    this.#log.skip()
    this.#watchers.startAnew()
  }

  #newsOf(changes: Changes): News {
    this.#log.add(changes)
    const { version } = this
    return { delivery: this.#deliveryOf({ version, ...listsOf(changes) }), version, isReminder: false }
  }

  #deliveryOf(delta: Omit<PresenceDelta, "channel" | "counts">): Delivery {
    const told: PresenceDelta = { channel: this.#channel, counts: this.counts, ...delta }
    return createDelivery({ codec: this.#context.codec, write: (codec) => [codec.encodePresence(told)] })
  }

  check(nowMs: number): number | undefined {
    if (this.#watchers.size === 0) return undefined
    const silentMs = nowMs - this.#toldAtMs
    if (silentMs < BEACON_MS) return BEACON_MS - silentMs
    if (this.#watchers.isUnderWay) return BEACON_MS
    this.#context.guard()
    const { version } = this
    const delivery = this.#deliveryOf({ since: version, version, joined: [], updated: [], left: [] })
    this.#watchers.begin([{ delivery, version, isReminder: true }])
    this.#context.turn.channel(this)
    return undefined
  }

  page(limit: number, maxBytes: number, after = 0): RosterPage {
    this.#pending.seen()
    return this.#roster.page(after, limit, maxBytes)
  }

  changesSince(from: number): readonly Delivery[] | undefined {
    const to = this.version
    if (this.#catchUp?.from !== from || this.#catchUp.to !== to) this.#catchUp = { from, to, deliveries: this.#encodeSince(from, to) }
    return this.#catchUp.deliveries
  }

  #encodeSince(from: number, to: number): readonly Delivery[] | undefined {
    const changes = this.#log.since(from)
    // A page is shorter then.
    if (changes === undefined || changes.bytes > this.#context.pageBytes) return undefined
    const parts = changes.take(PART_BYTES)
    return parts.map((part, index) => this.#deliveryOf({ since: from, version: index === parts.length - 1 ? to : from, ...listsOf(part) }))
  }

  join(watcher: FeedWatcher): void {
    this.#watchers.join(watcher)
  }

  leave(watcher: FeedWatcher): void {
    if (this.#watchers.leave(watcher)) this.#watchedAtMs = this.#context.clock.monotonic()
  }

  close(): void {
    this.#timer?.cancel()
    this.#context.wheel.unwatch(this)
    this.#watchers.clear()
  }
}
