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

/** Everybody who is present, in the order of entering. A page costs its own length, whatever the room's. */
export class Roster {
  readonly #byMember = new Map<string, Seat>()
  readonly #users = new Map<string, number>()
  /** By place; who left leaves a hole, and what is before `#first` is holes only. */
  #seats: (Seat | undefined)[] = []
  #orders: number[] = []
  #first = 0
  #lastOrder = 0

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
      this.#seats.push(seat)
      this.#orders.push(seat.order)
      if (seat.user !== undefined) this.#users.set(seat.user, (this.#users.get(seat.user) ?? 0) + 1)
    } else this.#seats[this.#placeOf(seat.order)] = seat
    return seat
  }

  remove(member: string): void {
    const seat = this.#byMember.get(member)
    if (seat === undefined) return
    this.#byMember.delete(member)
    this.#seats[this.#placeOf(seat.order)] = undefined
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
    for (let place = Math.max(this.#first, this.#placeOf(after + 1)); place < this.#seats.length; place++) {
      const seat = this.#seats[place]
      if (seat === undefined) continue
      bytes += seat.bytes + FRAME_BYTES + (seat.user?.length ?? 0)
      if (page.length === maxCount || (page.length > 0 && bytes > maxBytes)) return { page, next: page.at(-1)?.order }
      page.push(seat)
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

  #closeRanks(): void {
    while (this.#first < this.#seats.length && this.#seats[this.#first] === undefined) this.#first++
    const holes = this.#seats.length - this.#byMember.size
    if (holes < MIN_HOLES || holes * 2 < this.#seats.length) return
    this.#seats = this.#seats.filter((seat) => seat !== undefined)
    this.#orders = this.#seats.map((seat) => seat?.order ?? 0)
    this.#first = 0
  }
}
