import type { Position, Subscribed } from "@magpie/protocol"
import type { GapNotice } from "../channel.ts"

/** What to do with a message of a stream: take it, know it already, or notice that something before it is missing. */
export function admit(reached: Position, offset: number, since = offset - 1): "next" | "known" | "hole" {
  if (offset <= reached.offset) return "known"
  return since <= reached.offset ? "next" : "hole"
}

/** Whether the server has more than we reached. */
export function isBehind(reached: Position, newest: Position): boolean {
  return reached.epoch !== newest.epoch || reached.offset < newest.offset
}

/** Whether an answer would leave out messages that are still owed after `owed`. */
export function skips(owed: Position, answered: Position): boolean {
  return owed.epoch === answered.epoch && answered.offset > owed.offset
}

/** What is missing for good after an answer that did not continue from where we were; undefined where nothing is [G4]. */
export function gapOfAnswer(asked: Position | undefined, answer: Subscribed): GapNotice | undefined {
  if (asked === undefined || answer.answer === "recovered") return undefined
  const { channel, position, reason = "epoch" } = answer
  const comparable = position !== undefined && position.epoch === asked.epoch && position.offset >= asked.offset
  if (answer.answer === "new" && comparable && position.offset === asked.offset) return undefined
  return {
    channel,
    reason,
    from: comparable ? asked.offset + 1 : undefined,
    to: comparable ? position.offset : undefined,
    skipped: undefined,
  }
}
