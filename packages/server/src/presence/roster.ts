import type { Counts, PresentText } from "@magpie/protocol"

/** One member in its place: the order of entering on this node, which a cursor counts by. */
export interface Seat extends PresentText {
  readonly order: number
  /** Bytes of its state. */
  readonly bytes: number
}

/** A member as it comes in: everything but its place. */
export type Arrival = Omit<Seat, "order">

export interface RosterPage {
  readonly page: readonly Seat[]
  /** The order to go on after; undefined on the last page. */
  readonly next: number | undefined
}

/** What a member takes on the wire beside its state and its user's name. */
const FRAME_BYTES = 96
/** So many empty places may stand among the others. */
const MIN_HOLES = 64

/** Places beside each other that are empty; part of `within` once they have grown together. */
interface Gap {
  places: number
  /** The place behind the last one. */
  end: number
  within?: Gap
}

/** Everybody who is present, in the order of entering. A page costs its own length, whatever the room's and whoever has left. */
export class Roster {
  readonly #byMember = new Map<string, Seat>()
  readonly #users = new Map<string, number>()
  readonly #places: (Seat | Gap)[]
  /** By place, also of those who left. */
  readonly #orders: number[] = []
  #lastOrder = 0

  /** `places` is where they stand: the roster's own, and empty. */
  constructor(places: (Seat | Gap)[] = []) {
    this.#places = places
  }

  get counts(): Counts {
    return { members: this.#byMember.size, users: this.#users.size }
  }

  get size(): number {
    return this.#byMember.size
  }

  get(member: string): Seat | undefined {
    return this.#byMember.get(member)
  }

  /** Seats somebody new at the end, or changes one who is there, who keeps place and time. */
  put(arrival: Arrival): Seat {
    const known = this.#byMember.get(arrival.member)
    const seat = { ...arrival, order: known?.order ?? ++this.#lastOrder, ...(known && { at: known.at }) }
    this.#byMember.set(seat.member, seat)
    if (known === undefined) {
      this.#places.push(seat)
      this.#orders.push(seat.order)
      if (seat.user !== undefined) this.#users.set(seat.user, (this.#users.get(seat.user) ?? 0) + 1)
    } else this.#places[this.#placeOf(seat.order)] = seat
    return seat
  }

  remove(member: string): void {
    const seat = this.#byMember.get(member)
    if (seat === undefined) return
    this.#byMember.delete(member)
    this.#empty(this.#placeOf(seat.order))
    if (seat.user !== undefined) {
      const left = (this.#users.get(seat.user) ?? 1) - 1
      if (left > 0) this.#users.set(seat.user, left)
      else this.#users.delete(seat.user)
    }
    this.#closeRanks()
  }

  /** Members after that place, as many as both bounds allow, and one at least. */
  page(after: number, maxCount: number, maxBytes: number): RosterPage {
    const page: Seat[] = []
    let bytes = 0
    for (let place = this.#placeOf(after + 1); place < this.#places.length; ) {
      const seat = this.#places[place]
      if (!isSeat(seat)) {
        place = gapOf(seat)?.end ?? place + 1
        continue
      }
      bytes += seat.bytes + FRAME_BYTES + (seat.user?.length ?? 0)
      if (page.length === maxCount || (page.length > 0 && bytes > maxBytes)) return { page, next: page.at(-1)?.order }
      page.push(seat)
      place++
    }
    return { page, next: undefined }
  }

  /** The first place whose order is not below. */
  #placeOf(order: number): number {
    let low = 0
    let high = this.#orders.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#orders[middle] ?? 0) < order) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Joins the place with the gaps beside it; where it closes the space between two, the smaller one becomes part of the other. */
  #empty(place: number): void {
    const before = gapOf(this.#places[place - 1])
    const behind = gapOf(this.#places[place + 1])
    const gap = before ?? behind ?? { places: 0, end: place + 1 }
    this.#places[place] = gap
    gap.places++
    if (before !== undefined) before.end = place + 1
    if (before === undefined || behind === undefined) return
    const [small, large] = before.places < behind.places ? [before, behind] : [behind, before]
    large.end = behind.end
    large.places += small.places
    small.within = large
  }

  #closeRanks(): void {
    const holes = this.#places.length - this.#byMember.size
    if (holes < MIN_HOLES || holes * 2 < this.#places.length) return
    let taken = 0
    for (const [place, seat] of this.#places.entries()) {
      if (!isSeat(seat)) continue
      this.#places[taken] = seat
      this.#orders[taken++] = this.#orders[place] ?? 0
    }
    this.#places.length = taken
    this.#orders.length = taken
  }
}

function isSeat(place: Seat | Gap | undefined): place is Seat {
  return place !== undefined && "member" in place
}

/** The whole gap that a place belongs to. Because the smaller one joins the larger, that takes few steps. */
function gapOf(place: Seat | Gap | undefined): Gap | undefined {
  if (place === undefined || isSeat(place)) return undefined
  let gap = place
  while (gap.within !== undefined) gap = gap.within
  return gap
}
