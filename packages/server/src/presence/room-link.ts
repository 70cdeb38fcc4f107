import type { Bus } from "@magpie/journal"
import { type BusMessage, decodeBusMessage, deltasOf, encodeBusMessage, readClaimRow, readFarewellRow } from "./bus-message.ts"
import { ClaimSet } from "./claim-set.ts"
import type { Claim, Farewell } from "./claims.ts"
import type { Room } from "./room.ts"

export interface RoomLinkOptions {
  readonly bus: Bus
  readonly room: Room
  /** Undefined while the log is still being opened. */
  readonly node: () => string | undefined
  readonly monotonic: () => number
  /** What is asked for has so long to come before it is asked for again. */
  readonly askAgainMs: number
  /** The highest revision that this node has given. */
  readonly revision: () => number
  /** There is something to say, soon. */
  onDirty(link: RoomLink): void
  /** A member of another node left. */
  onForeignFarewell(room: Room, farewell: Farewell): void
  ask(node: string, channel: string, of: number, buckets: readonly number[]): void
}

/** What another node claims in this room, as far as it is known here. */
interface ForeignSet {
  readonly claims: ClaimSet
  /** When this was last known to be what the node claims. */
  confirmedAtMs: number
  askedAtMs: number
  /** What the node said last of all its claims was not what is known here. */
  differs: boolean
}

/** A bucket is about so long, whatever the room's size. */
const BUCKET_BYTES = 16_384

/**
 * A room shared with other nodes: says what becomes of its own members, hears what others say, and mends what got lost. Each
 * node's claims stand apart, and count only as long as that node stands behind them.
 */
export class RoomLink {
  readonly room: Room
  readonly own = new ClaimSet()
  readonly #options: RoomLinkOptions
  readonly #foreign = new Map<string, ForeignSet>()
  readonly #unsubscribe: () => void
  #put = new Map<string, Claim>()
  #bye = new Map<string, Farewell>()
  /** What others asked for: buckets of how many, or all. */
  #asked: { readonly of: number; readonly buckets: Set<number> } | undefined
  #sumsAsked = false

  constructor(options: RoomLinkOptions) {
    this.#options = options
    this.room = options.room
    this.#unsubscribe = options.bus.subscribe(subjectOf(options.room), (bytes) => this.#hear(decodeBusMessage(bytes)))
  }

  claimed(claim: Claim): void {
    this.own.put(claim)
    this.#put.set(claim.member, claim)
    this.#bye.delete(claim.member)
    this.#options.onDirty(this)
  }

  bade(farewell: Farewell): void {
    this.own.remove(farewell.member)
    this.#put.delete(farewell.member)
    this.#bye.set(farewell.member, farewell)
    this.#options.onDirty(this)
  }

  /** Somebody does not know these buckets of so many; with 0, or when there are as many no longer, which ones is unknown. */
  asked(of: number, buckets: readonly number[]): void {
    const present = this.#bucketCount
    if (present === 1) this.#asked = { of: 1, buckets: new Set([0]) }
    else if (of === present) {
      if (this.#asked?.of !== of) this.#asked = { of, buckets: new Set() }
      for (const bucket of buckets) if (bucket < of) this.#asked.buckets.add(bucket)
    } else this.#sumsAsked = true
    this.#options.onDirty(this)
  }

  /** Somebody knows nothing of it. */
  askedForAll(): void {
    const of = this.#bucketCount
    this.asked(
      of,
      Array.from({ length: of }, (_, bucket) => bucket),
    )
  }

  get #bucketCount(): number {
    return 2 ** Math.max(0, Math.ceil(Math.log2(this.own.bytes / BUCKET_BYTES || 1)))
  }

  /** Says what is new and what was asked for. */
  flush(): void {
    const node = this.#options.node()
    if (node === undefined) return
    const deltas = deltasOf(node, this.#put.values(), this.#bye.values())
    this.#put = new Map()
    this.#bye = new Map()
    for (const delta of deltas) this.#say(delta)
    this.#answer(node)
  }

  #answer(node: string): void {
    const asked = this.#asked
    const revision = this.#options.revision()
    this.#asked = undefined
    for (const index of asked?.buckets ?? []) {
      const of = asked?.of ?? 1
      const claims = this.own.bucket(index, of)
      for (const delta of deltasOf(node, claims)) this.#say(delta)
      this.#say({ kind: "bucket", index, of, revision, named: claims.map((claim) => [claim.member, claim.revision]), node })
    }
    if (this.#sumsAsked) this.#say({ kind: "sums", sums: this.own.bucketSums(this.#bucketCount), node })
    this.#sumsAsked = false
  }

  #say(message: BusMessage): void {
    this.#options.bus.publish(subjectOf(this.room), encodeBusMessage(message))
  }

  #hear(message: BusMessage | undefined): void {
    if (message === undefined || message.node === this.#options.node()) return
    const { node } = message
    if (message.kind === "delta") {
      for (const row of message.put) this.#hearClaim(readClaimRow(node, row))
      for (const row of message.bye) this.#hearFarewell(readFarewellRow(node, row))
    } else if (message.kind === "sums") this.#compare(node, message.sums)
    else if (message.kind === "bucket") this.#replace(message)
  }

  #hearClaim(claim: Claim): void {
    const set = this.#setOf(claim.node)
    if ((set.claims.get(claim.member)?.revision ?? 0) >= claim.revision) return
    // Of an empty room a node says nothing, so that it may be long ago that it was confirmed.
    if (set.claims.size === 0) set.confirmedAtMs = this.#options.monotonic()
    set.claims.put(claim)
    this.room.claims.put(claim)
  }

  #hearFarewell(farewell: Farewell): void {
    const { claims } = this.#setOf(farewell.node)
    if ((claims.get(farewell.member)?.revision ?? 0) <= farewell.revision) claims.remove(farewell.member)
    this.room.claims.bid(farewell, this.#options.monotonic())
    this.#options.onForeignFarewell(this.room, farewell)
  }

  #replace({ node, index, of, revision, named }: BusMessage & { readonly kind: "bucket" }): void {
    const set = this.#setOf(node)
    const known = new Map(named)
    for (const claim of set.claims.bucket(index, of)) if (!known.has(claim.member) && claim.revision <= revision) this.#drop(set, claim)
    // A delta before it may have been lost; then the next digest says so.
    if (named.some(([member, its]) => (set.claims.get(member)?.revision ?? 0) < its)) return
    set.confirmedAtMs = this.#options.monotonic()
    set.differs = of > 1 && set.differs
  }

  #drop({ claims }: ForeignSet, { member, node }: Claim): void {
    claims.remove(member)
    this.room.claims.drop(member, node)
  }

  #compare(node: string, sums: readonly number[]): void {
    const mine = this.#setOf(node).claims.bucketSums(sums.length)
    const differing = sums.flatMap((sum, index) => (sum === mine[index] ? [] : [index]))
    if (differing.length > 0) this.#options.ask(node, this.room.channel, sums.length, differing)
  }

  #setOf(node: string): ForeignSet {
    const known = this.#foreign.get(node)
    if (known !== undefined) return known
    const set = { claims: new ClaimSet(), confirmedAtMs: this.#options.monotonic(), askedAtMs: Number.NEGATIVE_INFINITY, differs: false }
    this.#foreign.set(node, set)
    return set
  }

  /** The node says how many members it has here; asks for what is not known of them. */
  digest(node: string, members: number, sum: number): void {
    if (members === 0 && !this.#foreign.has(node)) return
    const set = this.#setOf(node)
    const nowMs = this.#options.monotonic()
    set.differs = set.claims.size !== members || set.claims.sum !== sum
    if (!set.differs) set.confirmedAtMs = nowMs
    else if (nowMs - set.askedAtMs >= this.#options.askAgainMs) {
      set.askedAtMs = nowMs
      this.#options.ask(node, this.room.channel, 0, [])
    }
  }

  /** Whether this node's claims are known not to be all known here. */
  lacks(node: string): boolean {
    return this.#foreign.get(node)?.differs ?? false
  }

  /** Lets go of what no node has stood behind since then [F74]. */
  expire(beforeMs: number): void {
    for (const [node, set] of this.#foreign) {
      if (set.confirmedAtMs >= beforeMs) continue
      this.#foreign.delete(node)
      for (const claim of set.claims) this.room.claims.drop(claim.member, node)
    }
  }

  /** This node stood still for so long: what it did not hear meanwhile it could not hear. */
  forgive(ms: number): void {
    for (const set of this.#foreign.values()) set.confirmedAtMs += ms
  }

  close(): void {
    this.#unsubscribe()
  }
}

function subjectOf({ channel }: Room): string {
  return `presence/${channel}`
}
