import { MOST_REACTIONS, type Reaction } from "@magpie/protocol"
import { reactionsKey } from "../rows/keys.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { decodeText, encodeText } from "../rows/system-rows.ts"
import type { ChannelState } from "./channels.ts"
import type { PendingWrites } from "./pending-writes.ts"

/** Users that a message's summary names for each reaction; the rest is counted. */
const USERS_NAMED = 10

/** A reaction and all who gave it, both in the order in which they came. */
type Given = readonly [name: string, users: readonly string[]]

interface ReactionStep {
  readonly add: boolean
  readonly reaction: string
  readonly user: string
  /** Reactions of one message, of all names and users. */
  readonly most: number
}

/** Who reacted to which message: one row a message, beside its own. */
export class Reactions {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter

  constructor(pending: PendingWrites, writer: RowWriter) {
    this.#pending = pending
    this.#writer = writer
  }

  /** What it would be like after this step; `same` where it is like that already, `full` where there is no room for it. */
  next(
    channel: ChannelState,
    offset: number,
    step: ReactionStep,
  ): "same" | "full" | { readonly summary: readonly Reaction[]; readonly write: () => void } {
    const key = reactionsKey(channel.id, offset)
    const row = this.#pending.getIntact(key)
    const given: readonly Given[] = row === undefined ? [] : (JSON.parse(decodeText(row)) as readonly Given[])
    const { add, reaction, user, most } = step
    const before = given.find(([name]) => name === reaction)
    const users = before?.[1] ?? []
    if (users.includes(user) === add) return "same"
    // Its names travel with the message wherever it is read, and with each reaction.
    const hasName = before !== undefined || given.length < MOST_REACTIONS
    if (add && (!hasName || given.reduce((sum, [, each]) => sum + each.length, 0) >= most)) return "full"
    const now: Given = [reaction, add ? [...users, user] : users.filter((each) => each !== user)]
    const all = before === undefined ? [...given, now] : given.map((each) => (each === before ? now : each))
    const next = all.filter(([, each]) => each.length > 0)
    return {
      summary: next.map(([name, each]) => ({ name, count: each.length, users: each.slice(0, USERS_NAMED) })),
      write: () => {
        if (next.length === 0) this.#pending.remove(key)
        else this.#pending.put(key, encodeText(this.#writer, JSON.stringify(next)))
      },
    }
  }

  forget(channel: ChannelState, offset: number): void {
    this.#pending.remove(reactionsKey(channel.id, offset))
  }
}
