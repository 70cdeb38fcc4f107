import type { Counts, PresenceDelta } from "@magpie/protocol"
import { createDelivery, type Delivery } from "../channel/delivery.ts"
import type { Watched } from "../flow/timing-wheel.ts"
import type { ChannelGatherer } from "../flow/turn.ts"
import { ChangeSet, listsOf } from "./change-set.ts"
import type { Feed, FeedWatcher } from "./feed.ts"
import type { PresenceContext } from "./presence-context.ts"
import type { Roster, RosterPage, Seat } from "./roster.ts"
import { Watchers } from "./watchers.ts"

/** How often at most its watchers are told. */
const SAMPLE_MS = 1_000

/**
 * Looks at a room once a second and tells what it sees: the members who are there longest, at most so many, and the counts.
 * What that costs grows neither with the room nor with its liveliness. With no members at all it tells the counts only.
 */
export class SampledFeed implements Feed, ChannelGatherer, Watched {
  readonly epoch: string
  readonly #channel: string
  readonly #roster: Roster
  readonly #length: number
  readonly #context: PresenceContext
  readonly #watchers = new Watchers()
  #state: "idle" | "dirty" | "told" = "idle"
  #version = 0
  #counts: Counts = { members: 0, users: 0 }
  /** The first members as they were last told. */
  #window: RosterPage = { page: [], next: undefined }

  constructor(epoch: string, channel: string, roster: Roster, length: number, context: PresenceContext) {
    this.epoch = epoch
    this.#channel = channel
    this.#roster = roster
    this.#length = length
    this.#context = context
  }

  get version(): number {
    return this.#version
  }

  get counts(): Counts {
    return this.#counts
  }

  get watchers(): number {
    return this.#watchers.size
  }

  changed(): void {
    if (this.#state === "dirty" || this.#watchers.size === 0) return
    this.#state = "dirty"
    this.#context.wheel.watch(this, SAMPLE_MS)
  }

  check(): number | undefined {
    if (this.#watchers.size === 0) {
      this.#state = "idle"
      return undefined
    }
    if (this.#context.sheds() || this.#watchers.isUnderWay) return SAMPLE_MS
    this.#context.guard()
    if (this.#state === "dirty" && this.#look()) {
      this.#state = "told"
      return SAMPLE_MS
    }
    // Silent since: once more, so that a loss is noticed.
    if (this.#state === "told") this.#tell({ since: this.#version, version: this.#version, joined: [], updated: [], left: [] })
    this.#state = "idle"
    return undefined
  }

  /** Takes the present in and tells what is new in it; false where nothing is. */
  #look(): boolean {
    const earlier = this.#counts
    const changes = this.#take()
    const { members, users } = this.#counts
    if (changes.size === 0 && earlier.members === members && earlier.users === users) return false
    this.#version++
    const [all = new Map()] = changes.take(Number.POSITIVE_INFINITY)
    this.#tell({ version: this.#version, ...listsOf(all) })
    return true
  }

  #take(): ChangeSet {
    const before = new Map(this.#window.page.map((seat) => [seat.member, seat]))
    this.#counts = this.#roster.counts
    this.#window = this.#length === 0 ? this.#window : this.#roster.page(0, this.#length, this.#context.pageBytes)
    const changes = new ChangeSet()
    for (const seat of this.#window.page) {
      const known: Seat | undefined = before.get(seat.member)
      before.delete(seat.member)
      if (known === undefined) changes.joined(seat)
      else if (known !== seat) changes.updated(seat)
    }
    for (const member of before.keys()) changes.left(member)
    return changes
  }

  #tell(delta: Omit<PresenceDelta, "channel" | "counts">): void {
    const told: PresenceDelta = { channel: this.#channel, counts: this.#counts, ...delta }
    const delivery = createDelivery({ codec: this.#context.codec, write: (codec) => [codec.encodePresence(told)] })
    this.#watchers.begin([{ delivery, version: this.#version, isReminder: delta.since !== undefined }])
    this.#context.turn.channel(this)
  }

  give(count: number, alone: boolean): number {
    return this.#watchers.give(count, alone)
  }

  page(): RosterPage | undefined {
    return this.#length === 0 ? undefined : this.#window
  }

  changesSince(version: number): readonly Delivery[] | undefined {
    return version === this.#version ? [] : undefined
  }

  join(watcher: FeedWatcher): void {
    if (this.#watchers.size === 0) {
      // Nobody was told meanwhile.
      this.#take()
      this.#version++
    }
    this.#watchers.join(watcher)
  }

  leave(watcher: FeedWatcher): void {
    this.#watchers.leave(watcher)
  }

  close(): void {
    this.#context.wheel.unwatch(this)
    this.#watchers.clear()
  }
}
