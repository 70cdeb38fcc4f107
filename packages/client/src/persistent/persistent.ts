import { openLanes } from "#lanes"
import { badField } from "../bad-field.ts"
import type { Lanes } from "../lanes/lanes.ts"
import { createListeners, type Listeners } from "../listeners.ts"
import type { OutboxHands, OutboxStore } from "../outbox/keeper.ts"
import type { KeptMessage } from "./kept-message.ts"
import { createOutboxKeeper, type OutboxKeeper } from "./outbox-keeper.ts"

export interface PersistentOptions {
  /** In a browser a database of this origin, in Node a directory. Give each user a name of their own. */
  readonly name: string
  /**
   * How long a message is kept and sent again, in milliseconds; then it is `expired`. Not longer than the server remembers
   * sequences (`deduplicationMs`), or what an earlier try has stored could be stored again. Default 48 hours.
   */
  readonly maxAgeMs?: number
  /** Another place for the rows. Default: IndexedDB in browsers, files in Node. */
  readonly lanes?: Lanes
}

/** An outbox that outlives its page or process. For one client. */
export interface PersistentOutbox extends OutboxStore {
  /** What has no outcome yet, oldest first; what was left from before as soon as the client has begun to connect. */
  readonly messages: readonly KeptMessage[]
  /** Every message that is taken up, is kept or changes its state, those from before too. Returns the disposer. */
  on(event: "change", listener: (message: KeptMessage) => void): () => void
}

const DEFAULT_MAX_AGE_MS = 48 * 3_600_000

/**
 * For `connect(url, { outbox })`: what a stream's `send` has taken is kept until its outcome is known. After a reload or a crash
 * it is sent once, in order, without anybody asking [G2].
 *
 * Each client that is open at the same time has a lane of its own under the name, and a producer of its own; one that comes
 * next takes up what a client that is gone has left. Where the place cannot be had, the client reports it and does not
 * connect: LIMIT_EXCEEDED (more than 16 at a time), INVALID_OPTIONS (nothing to keep it in, or rows of a newer version), UNRECOVERABLE
 * (rows that are not what was kept). What
 * cannot be kept is refused: LIMIT_EXCEEDED without room, INTERNAL. A message that another user has left is `rejected` with
 * CONFLICT. Fails with INVALID_OPTIONS naming the field.
 */
export function persistent({ name, maxAgeMs = DEFAULT_MAX_AGE_MS, lanes }: PersistentOptions): PersistentOutbox {
  if (typeof name !== "string" || name === "") throw badField("name", "must be a name", "INVALID_OPTIONS")
  if (!(Number.isFinite(maxAgeMs) && maxAgeMs >= 1)) throw badField("maxAgeMs", "must be a number of at least 1", "INVALID_OPTIONS")
  const changes: Listeners<KeptMessage> = createListeners((error) => hands?.context.onError(error), "the outbox")
  let hands: OutboxHands | undefined
  let keeper: OutboxKeeper | undefined

  return {
    get messages() {
      return keeper?.messages() ?? []
    },
    on: (_event, listener) => changes.add(listener),
    attach(given) {
      if (keeper) throw badField("outbox", "belongs to another client already", "INVALID_OPTIONS")
      hands = given
      keeper = createOutboxKeeper(given, { lanes: lanes ?? openLanes(name), maxAgeMs, onChange: changes.emit })
      return keeper
    },
  }
}
