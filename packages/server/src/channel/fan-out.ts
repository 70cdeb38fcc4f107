import type { Delivery } from "./delivery.ts"

/** Who gets what a channel sends from now on. */
export interface Receiver {
  /** The number of what it was given last. Only the channel writes it. */
  given: number
  /** `alone`: nothing else goes out now, so a connection without anything of its own may write at once. */
  deliver(delivery: Delivery, alone: boolean): void
  /** Messages were left out for everybody, so many since the channel was opened, and now no longer are. */
  onShed?(shed: number): void
}

/** A delivery, or how many messages the channel had left out when its subscribers were to be told. */
type Entry = Delivery | number

/**
 * Hands what a channel sends to its receivers, each in the order in which it was added, and to as many at a time as the caller
 * says. What is added while it goes around waits for the next round. Whoever joins gets nothing that was added before, whoever
 * leaves gets all of it; nothing is kept for one receiver but the number of what it was given last.
 */
export class FanOut {
  readonly #receivers = new Set<Receiver>()
  #entries: Entry[] = []
  /** The number of the first entry, and of the last. */
  #first = 1
  #last = 0
  /** Goes around with the entries up to this number. */
  #round: { readonly receivers: SetIterator<Receiver>; readonly upTo: number; readonly only: Delivery | undefined } | undefined
  #waitingBytes = 0
  #giving = false

  get size(): number {
    return this.#receivers.size
  }

  /** Some receivers have what others do not have yet. */
  get isUnderWay(): boolean {
    return this.#round !== undefined
  }

  /** A receiver is being given something at this very moment. */
  get isGiving(): boolean {
    return this.#giving
  }

  /** Bytes that wait for the next round. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  push(entry: Entry): void {
    this.#last += 1
    this.#entries.push(entry)
    if (typeof entry !== "number") this.#waitingBytes += entry.joined[0].bytes
  }

  join(receiver: Receiver): void {
    receiver.given = this.#last
    this.#receivers.add(receiver)
  }

  leave(receiver: Receiver): void {
    this.settle(receiver)
    this.#receivers.delete(receiver)
  }

  has(receiver: Receiver): boolean {
    return this.#receivers.has(receiver)
  }

  /** Whether there is something that it has not been given. */
  owes(receiver: Receiver): boolean {
    return this.has(receiver) && receiver.given < this.#last
  }

  /** Gives one receiver all that it has not been given. */
  settle(receiver: Receiver): void {
    if (this.has(receiver)) this.#giveUpTo(receiver, this.#last, false)
  }

  /** Begins a round with everything that waits; false when nothing does. */
  begin(): boolean {
    if (this.#last < this.#first) return false
    const [only] = this.#entries.length === 1 ? this.#entries : []
    this.#round = { receivers: this.#receivers.values(), upTo: this.#last, only: typeof only === "number" ? undefined : only }
    this.#waitingBytes = 0
    return true
  }

  /** Goes on with the round, for at most `count` receivers. Returns to how many; fewer than `count` when it has ended. */
  give(count: number, alone: boolean): number {
    if (this.#round === undefined) return 0
    const { receivers, upTo, only } = this.#round
    let given = 0
    this.#giving = true
    // An iterator of a set goes on where it was left, whoever joined or left meanwhile.
    for (const receiver of receivers) {
      if (only === undefined) this.#giveUpTo(receiver, upTo, false)
      else if (receiver.given < upTo) {
        receiver.given = upTo
        receiver.deliver(only, alone)
      }
      given += 1
      if (given === count) break
    }
    this.#giving = false
    if (given < count) this.#end(upTo)
    return given
  }

  #end(upTo: number): void {
    this.#round = undefined
    this.#entries.splice(0, upTo + 1 - this.#first)
    this.#first = upTo + 1
  }

  #giveUpTo(receiver: Receiver, number: number, alone: boolean): void {
    while (receiver.given < number) {
      receiver.given += 1
      const entry = this.#entries[receiver.given - this.#first]
      if (typeof entry === "number") receiver.onShed?.(entry)
      else if (entry !== undefined) receiver.deliver(entry, alone)
    }
  }
}
