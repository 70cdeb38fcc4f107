import type { Batch } from "../flow/batch.ts"

/** Messages of a broadcast that wait until their connection reads again. */
export interface Held {
  readonly owner: Holder
  /** Of one message, where its channel keeps the newest of each key. */
  readonly key: string | undefined
  readonly batches: readonly Batch[]
  readonly bytes: number
  /** How many messages. */
  readonly count: number
}

/** Whose messages are held. */
export interface Holder {
  /** Its turn has come, and it fits. */
  give(held: Held): void
  /** It had to go, because it was the oldest of a full backlog. */
  onDropped(held: Held): void
}

/** What one connection holds for its broadcasts, oldest first. The batches are shared with everybody who is as slow. */
export class Backlog {
  readonly #held = new Set<Held>()
  bytes = 0

  add(held: Held): void {
    this.#held.add(held)
    this.bytes += held.bytes
  }

  remove(held: Held): void {
    if (this.#held.delete(held)) this.bytes -= held.bytes
  }

  /** Drops the oldest; false where there is none. */
  dropOldest(): boolean {
    for (const held of this.#held) {
      this.remove(held)
      held.owner.onDropped(held)
      return true
    }
    return false
  }

  /** Gives what fits, oldest first; false when something stays. */
  giveWhile(fits: (bytes: number) => boolean): boolean {
    for (const held of this.#held) {
      if (!fits(held.bytes)) return false
      this.remove(held)
      held.owner.give(held)
    }
    return true
  }
}
