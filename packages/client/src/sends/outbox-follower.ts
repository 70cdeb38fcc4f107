import type { KeptMessage, SendState } from "../persistent/kept-message.ts"
import type { PersistentOutbox } from "../persistent/persistent.ts"

/** What became of a message. */
type Tell = (message: KeptMessage) => void

interface Expected {
  readonly channel: string
  readonly ref: string
  readonly tell: Tell
}

/** Tells each sender what becomes of his message: one listener of an outbox, however many messages wait in it. */
export interface OutboxFollower {
  /** Has `tell` hear of each new state after `pending` of the message that `send` sends, where the outbox takes it. */
  during<T>(expected: Expected, send: () => T): { readonly sent: T; readonly isTaken: boolean }
}

const FOLLOWERS = new WeakMap<PersistentOutbox, OutboxFollower>()
const FINAL: readonly SendState[] = ["confirmed", "rejected", "expired"]

export function outboxFollower(outbox: PersistentOutbox): OutboxFollower {
  const follower = FOLLOWERS.get(outbox) ?? createOutboxFollower(outbox)
  FOLLOWERS.set(outbox, follower)
  return follower
}

function createOutboxFollower(outbox: PersistentOutbox): OutboxFollower {
  const followed = new Map<string, { state: SendState; readonly tell: Tell }>()
  let expected: Expected | undefined

  outbox.on("change", (message) => {
    const { id, channel, ref, state } = message
    if (expected?.ref === ref && expected.channel === channel && !followed.has(id)) {
      followed.set(id, { state: "pending", tell: expected.tell })
      expected = undefined
    }
    const each = followed.get(id)
    if (each === undefined || each.state === state) return
    each.state = state
    if (FINAL.includes(state)) followed.delete(id)
    each.tell(message)
  })

  return {
    during(what, send) {
      // A listener of the outbox may send something of its own meanwhile.
      const before = expected
      expected = what
      const sent = send()
      const isTaken = expected !== what
      expected = before
      return { sent, isTaken }
    },
  }
}
