import type { GapNotice } from "@magpie/client"
import type { Position } from "@magpie/protocol"
import type { LogTruth } from "./log-truth.ts"
import { Violation } from "./violation.ts"

/** One subscriber of one stream: from where it began, every message in order, or a gap that names what is missing, before anything newer. */
export interface Following {
  /** It follows from now on; nothing was promised before. */
  begin(): void
  /** It has left: nothing may come. */
  end(): void
  /** The server answered, and this is where it stands. */
  live(position: Position): void
  message(position: Position, offset: number, id: string): void
  gap(notice: GapNotice, position: Position | undefined): void
  /** The next place that it is owed; undefined where it follows nothing or has not been answered yet. */
  readonly next: Position | undefined
  /** The place before that, with its mark where it is known. */
  readonly reached: Position | undefined
  readonly messages: number
  readonly gaps: number
}

export function createFollowing(who: string, channel: string, truth: LogTruth): Following {
  let following = false
  let next: Position | undefined
  /** Of the place before the next one. */
  let mark: string | undefined
  /** The newest that it was given of this epoch: a start that was asked for anew may lie anywhere behind it. */
  let given = 0
  let messages = 0
  let gaps = 0

  function fail(invariant: string, what: string): never {
    throw new Violation(invariant, `${who} on ${channel} ${what}`)
  }

  return {
    begin() {
      following = true
      given = 0
      next = undefined
    },
    end() {
      following = false
      next = undefined
    },
    live({ epoch, offset, mark: its }) {
      if (!following) return
      const movesBack = next?.epoch === epoch && offset + 1 < next.offset
      if (next !== undefined && !movesBack) return
      next = { epoch, offset: Math.max(offset, given) + 1 }
      mark = offset >= given ? its : undefined
    },
    message(position, offset, id) {
      if (!following) fail("I3", `was given ${id} without following`)
      if (next === undefined) fail("I6", `was given ${id} before the answer to its subscription`)
      if (position.epoch !== next.epoch) fail("I6", `was given ${id} of epoch ${position.epoch} and owed ${next.epoch}/${next.offset}`)
      if (offset < next.offset) fail("I2", `was given ${offset} (${id}) again, it was owed ${next.offset}`)
      if (offset > next.offset) fail("I5", `was given ${offset} (${id}) and owed ${next.offset}: silence between`)
      truth.saw(who, channel, position, id)
      next = { epoch: next.epoch, offset: offset + 1 }
      mark = position.mark
      given = offset
      messages++
    },
    gap({ reason, from, to }, position) {
      gaps++
      if (!following || next === undefined || position === undefined) return
      if (position.epoch === next.epoch) {
        if (from !== undefined && from !== next.offset) fail("I5", `was told a gap (${reason}) from ${from} and owed ${next.offset}`)
        if (to !== undefined && to !== position.offset) fail("I5", `was told a gap (${reason}) to ${to} and stands at ${position.offset}`)
      }
      if (position.epoch !== next.epoch) given = 0
      next = { epoch: position.epoch, offset: position.offset + 1 }
      mark = position.mark
    },
    get next() {
      return next
    },
    get reached() {
      return next && { epoch: next.epoch, offset: next.offset - 1, mark }
    },
    get messages() {
      return messages
    },
    get gaps() {
      return gaps
    },
  }
}
