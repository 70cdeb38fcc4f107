import type { PresenceDelta, PresentText } from "@magpie/protocol"
import type { Seat } from "./roster.ts"

/** What became of one member since some moment. */
export interface Change {
  /** It was there at that moment. */
  readonly before: boolean
  readonly after: Seat | undefined
  /** More than its state is new: it was not there, or left and came back meanwhile. */
  readonly whole: boolean
}

export type Changes = ReadonlyMap<string, Change>

/** What a change takes on the wire, about. */
const FRAME_BYTES = 64

/** Changes gathered over a while; of each member only the outcome is kept. */
export class ChangeSet {
  #changes = new Map<string, Change>()
  #bytes = 0
  #isSeen = false

  get size(): number {
    return this.#changes.size
  }

  /** What these changes take, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Somebody has seen who joined, before it was told: it is told as well if it leaves. */
  seen(): void {
    this.#isSeen = this.size > 0
  }

  joined(seat: Seat): void {
    this.add(seat.member, { before: false, after: seat, whole: true })
  }

  updated(seat: Seat): void {
    this.add(seat.member, { before: true, after: seat, whole: false })
  }

  left(member: string): void {
    this.add(member, { before: true, after: undefined, whole: false })
  }

  /** What happened after everything that is here. */
  add(member: string, change: Change): void {
    const earlier = this.#changes.get(member)
    if (earlier === undefined) return this.#set(member, change)
    this.#bytes -= bytesOf(earlier)
    this.#changes.delete(member)
    const before = earlier.before || this.#isSeen
    if (change.after === undefined && !before) return
    this.#set(member, { before, after: change.after, whole: earlier.whole || change.whole })
  }

  #set(member: string, change: Change): void {
    this.#changes.set(member, change)
    this.#bytes += bytesOf(change)
  }

  /** All of it, in parts of about so many bytes; nothing is left. */
  take(maxBytes: number): readonly Changes[] {
    const all = this.#changes
    this.#changes = new Map()
    this.#bytes = 0
    this.#isSeen = false
    return split(all, maxBytes)
  }
}

export function split(all: Changes, maxBytes: number): readonly Changes[] {
  const parts: Changes[] = []
  let part = new Map<string, Change>()
  let bytes = 0
  for (const [member, change] of all) {
    const its = bytesOf(change)
    if (part.size > 0 && bytes + its > maxBytes) {
      parts.push(part)
      part = new Map()
      bytes = 0
    }
    part.set(member, change)
    bytes += its
  }
  if (part.size > 0) parts.push(part)
  return parts
}

function bytesOf({ after, whole }: Change): number {
  if (after === undefined) return FRAME_BYTES / 2
  return FRAME_BYTES + after.bytes + (whole ? (after.user?.length ?? 0) : 0)
}

export function changesBytes(changes: Changes): number {
  let bytes = 0
  for (const change of changes.values()) bytes += bytesOf(change)
  return bytes
}

/** The same as lists for the wire. */
export function listsOf(changes: Changes): Pick<PresenceDelta, "joined" | "updated" | "left"> {
  const joined: PresentText[] = []
  const updated: PresentText[] = []
  const left: string[] = []
  for (const [member, { after, whole }] of changes) {
    if (after === undefined) left.push(member)
    else if (whole) joined.push(after)
    else updated.push(after)
  }
  return { joined, updated, left }
}
