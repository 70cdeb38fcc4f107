import type { Counts, Presence, Present } from "@magpie/protocol"

/** Somebody who is present. */
export interface PresentMember<State = unknown> {
  /** The session's name among the members: the same on each of its links, and nobody else's. */
  readonly member: string
  /** Its user; undefined for an anonymous one. */
  readonly user: string | undefined
  /** When it entered, by the server's clock in milliseconds since 1970. */
  readonly at: number
  readonly state: State
}

/** What became of some members, told as one. */
export interface PresenceChange<State = unknown> {
  readonly joined: readonly PresentMember<State>[]
  readonly updated: readonly PresentMember<State>[]
  readonly left: readonly PresentMember<State>[]
}

interface Known extends PresentMember {
  /** The state as text, by which a change is known. */
  readonly text: string
  /** The snapshot in which it was last seen. */
  readonly snapshot: number
}

/**
 * The members of a room as far as they are known here. A new snapshot replaces the earlier one member by member: who was
 * known before stays until it is clear that it does not come back, so that nobody sees a leave and a join that never were.
 */
export class RoomView {
  readonly #members = new Map<string, Known>()
  #snapshot = 0
  counts: Counts = { members: 0, users: 0 }

  get members(): ReadonlyMap<string, PresentMember> {
    return this.#members
  }

  /** From here on a new snapshot is told. */
  beginSnapshot(): void {
    this.#snapshot++
  }

  page(page: readonly Present[]): PresenceChange {
    const change = emptyChange()
    for (const present of page) this.#put(present, change)
    return change
  }

  changes({ joined = [], updated = [], left = [] }: Presence): PresenceChange {
    const change = emptyChange()
    for (const present of joined) this.#put(present, change)
    for (const { member, state } of updated) {
      const known = this.#members.get(member)
      // One whose page was not read yet comes with that, as new as this or newer.
      if (known !== undefined) this.#put({ ...known, state }, change)
    }
    for (const member of left) this.#remove(member, change)
    return change
  }

  /** Somebody is known from before this snapshot only. */
  get hasOlder(): boolean {
    for (const { snapshot } of this.#members.values()) if (snapshot !== this.#snapshot) return true
    return false
  }

  /** The snapshot is whole, and whoever comes back has come back: the others have left. */
  endSnapshot(): PresenceChange {
    const change = emptyChange()
    for (const [member, { snapshot }] of this.#members) if (snapshot !== this.#snapshot) this.#remove(member, change)
    return change
  }

  clear(): void {
    this.#members.clear()
    this.counts = { members: 0, users: 0 }
  }

  #put({ member, user, at, state }: Omit<Present, "user"> & { readonly user?: string | undefined }, change: Writable): void {
    const known = this.#members.get(member)
    const text = JSON.stringify(state)
    const entry: Known = { member, user, at, state, text, snapshot: this.#snapshot }
    this.#members.set(member, entry)
    if (known === undefined) change.joined.push(entry)
    else if (known.text !== text) change.updated.push(entry)
  }

  #remove(member: string, change: Writable): void {
    const known = this.#members.get(member)
    if (known === undefined) return
    this.#members.delete(member)
    change.left.push(known)
  }
}

interface Writable extends PresenceChange {
  readonly joined: PresentMember[]
  readonly updated: PresentMember[]
  readonly left: PresentMember[]
}

function emptyChange(): Writable {
  return { joined: [], updated: [], left: [] }
}
