import type { BusMessage } from "./bus-message.ts"
import type { RoomLink } from "./room-link.ts"

/** So often in a lease a node says what it stands for. What got lost is noticed by that, and so are the nodes that are there. */
export const DIGESTS_PER_LEASE = 5
/** A room without members of this node is named so many times more, so that others who missed a farewell learn it. */
const EMPTY_ROUNDS = DIGESTS_PER_LEASE
/** Rooms in one message. */
export const ROWS = 256
const KEPT_NODES = 1_000

/** What this node says, over and over, of the members it stands for, and when other nodes last said theirs. */
export class Digests {
  /** Rooms that were left, with the rounds for which they are still named. */
  readonly #emptied = new Map<string, number>()
  readonly #heardAt = new Map<string, number>()

  /** This node has members in the room. */
  filled(channel: string): void {
    this.#emptied.delete(channel)
  }

  /** The last of this node's members has left the room. */
  emptied(channel: string): void {
    this.#emptied.set(channel, EMPTY_ROUNDS)
  }

  /** The next round, as at least one message, which also says that the node lives. */
  next(node: string, links: Iterable<RoomLink>): readonly BusMessage[] {
    const rows: [channel: string, members: number, sum: number][] = []
    for (const { own, room } of links) if (own.size > 0) rows.push([room.channel, own.size, own.sum])
    for (const [channel, rounds] of this.#emptied) {
      if (rounds > 1) this.#emptied.set(channel, rounds - 1)
      else this.#emptied.delete(channel)
      rows.push([channel, 0, 0])
    }
    const messages: BusMessage[] = []
    for (let at = 0; at === 0 || at < rows.length; at += ROWS) messages.push({ kind: "digest", rooms: rows.slice(at, at + ROWS), node })
    return messages
  }

  /** Another node said what it stands for. */
  heard(node: string, nowMs: number): void {
    if (this.#heardAt.size >= KEPT_NODES) this.#heardAt.clear()
    this.#heardAt.set(node, nowMs)
  }

  heardSince(node: string, sinceMs: number): boolean {
    return (this.#heardAt.get(node) ?? Number.NEGATIVE_INFINITY) > sinceMs
  }
}
