import type { ChannelMatch, Counts, WatchMode } from "@magpie/protocol"
import { toHex } from "../session/session-token.ts"
import { Claims, type Show } from "./claims.ts"
import type { Feed } from "./feed.ts"
import { FullFeed } from "./full-feed.ts"
import type { PresenceContext } from "./presence-context.ts"
import type { Resident } from "./resident.ts"
import { type Arrival, Roster, type RosterPage } from "./roster.ts"
import { SampledFeed } from "./sampled-feed.ts"

/** How many members a sampled watcher is told of. */
const SAMPLE_LENGTH = 100
const EPOCH_BYTES = 8

/** The presence of one channel, as this node knows it. */
export class Room implements Show {
  readonly channel: string
  readonly match: ChannelMatch
  readonly claims: Claims
  /** Members whose sessions are this node's, by name. */
  readonly residents = new Map<string, Resident>()
  readonly openedAtMs: number
  readonly epoch: string
  readonly #context: PresenceContext
  readonly #roster = new Roster()
  readonly #full: FullFeed
  #sampled: SampledFeed | undefined
  #counted: SampledFeed | undefined

  constructor(channel: string, match: ChannelMatch, context: PresenceContext, farewellMs: number) {
    this.channel = channel
    this.match = match
    this.openedAtMs = context.clock.monotonic()
    this.epoch = toHex(context.random.bytes(EPOCH_BYTES))
    this.claims = new Claims(this, farewellMs)
    this.#context = context
    this.#full = new FullFeed(this.epoch, channel, this.#roster, context)
  }

  get counts(): Counts {
    return this.#roster.counts
  }

  /** Somebody is here, or looks at who is. */
  get isUsed(): boolean {
    return this.residents.size > 0 || this.#full.watchers + (this.#sampled?.watchers ?? 0) + (this.#counted?.watchers ?? 0) > 0
  }

  feed(mode: WatchMode): Feed {
    if (mode === "all") return this.#full
    if (mode === "sampled") {
      this.#sampled ??= this.#createSampled(`${this.epoch}-s`, SAMPLE_LENGTH)
      return this.#sampled
    }
    this.#counted ??= this.#createSampled(`${this.epoch}-c`, 0)
    return this.#counted
  }

  #createSampled(epoch: string, length: number): SampledFeed {
    return new SampledFeed(epoch, this.channel, this.#roster, length, this.#context)
  }

  page(after: number, limit: number, maxBytes = this.#context.pageBytes): RosterPage {
    return this.#full.page(limit, maxBytes, after)
  }

  has(member: string): boolean {
    return this.#roster.get(member) !== undefined
  }

  show(arrival: Arrival): void {
    const known = this.#roster.get(arrival.member)
    if (known?.state === arrival.state) return
    const seat = this.#roster.put(arrival)
    if (known === undefined) this.#full.pending.joined(seat)
    else this.#full.pending.updated(seat)
    this.#changed()
  }

  hide(member: string): void {
    if (!this.has(member)) return
    this.#roster.remove(member)
    this.#full.pending.left(member)
    this.#changed()
  }

  #changed(): void {
    this.#full.changed()
    this.#sampled?.changed()
    this.#counted?.changed()
  }

  /** Changes are told again after they were held back. */
  release(): void {
    this.#full.release()
  }

  close(): void {
    this.#full.close()
    this.#sampled?.close()
    this.#counted?.close()
  }
}
