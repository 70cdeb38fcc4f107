import { type Codec, MagpieError, type Publish, toMagpieError } from "@magpie/protocol"
import { abortable, type Patience } from "../abort.ts"
import type { Receipt } from "../channel.ts"
import type { Context } from "../context.ts"
import type { Layer } from "../layer.ts"
import type { RequestTable } from "../request/request-table.ts"
import { type ChannelQueue, createChannelQueue, type Entry, type Outgoing } from "./channel-queue.ts"
import type { Keeper, Owner } from "./keeper.ts"

/** Publishes on streams, kept until their outcome is known [G1, G2]. */
export interface Outbox extends Layer {
  readonly pending: number
  /** What keeps it longer than the client lives, where something does. */
  readonly keeper: Keeper | undefined
  /** Also for a channel of which nobody knows yet that it is no stream: what waits for it is handed on when that is known. */
  send(channel: string, message: Outgoing, patience: Patience): Promise<Receipt>
  /** Calls back when nothing waits any more; for one caller. */
  whenDrained(callback: () => void): void
}

export function createOutbox(
  context: Context,
  ask: RequestTable["ask"],
  isBroadcast: (channel: string) => boolean,
  broadcast: (channel: string, message: Outgoing) => void,
): Outbox {
  const { schedule, codec, settings } = context
  const { maxPending: value } = settings
  const queues = new Map<string, ChannelQueue>()
  let owner: Owner | undefined
  let pending = 0
  let onDrained = (): void => {}

  const keeper = settings.outbox?.attach({
    context,
    restore(kept, keptOwner) {
      owner = keptOwner
      for (const each of kept) {
        pending += each.entries.length
        queueOf(each.channel).restore(each)
      }
    },
    drop: (channel, entry, error) => queueOf(channel).drop(entry, error),
  })

  function queueOf(channel: string): ChannelQueue {
    const queue =
      queues.get(channel) ??
      createChannelQueue({
        schedule,
        transmit(entry, sequence, onReply) {
          const leave = (): boolean => ask({ type: "publish", channel, ...entry.message, sequence }, "published", onReply) !== undefined
          return keeper ? keeper.transmit(channel, entry, sequence, leave, onReply) : leave()
        },
        onDone(entry, outcome) {
          keeper?.done(channel, entry, outcome)
          pending--
          if (pending === 0) onDrained()
        },
      })
    queues.set(channel, queue)
    return queue
  }

  return {
    get pending() {
      return pending
    },
    keeper,
    send(channel, message, patience) {
      const queue = queueOf(channel)
      let entry: Entry | undefined
      return abortable(
        schedule,
        patience,
        (resolve, reject) => {
          if (pending >= value) {
            throw new MagpieError("LIMIT_EXCEEDED", `the outbox holds ${value} messages already`, {
              details: { limit: "maxPending", value },
            })
          }
          const mine: Entry = { message, sequence: 0, unsure: false, flying: false, resolve, reject }
          entry = mine
          if (keeper) {
            mine.message = copied(message, codec)
            keeper.take(channel, mine).catch((thrown) => queue.drop(mine, toMagpieError(thrown)))
          }
          pending++
          queue.push(mine)
          if (keeper || mine.sequence > 0) return
          // It waits: what the caller does to the data from here on must not change the message.
          try {
            mine.message = copied(mine.message, codec)
          } catch (thrown) {
            queue.drop(mine, toMagpieError(thrown))
          }
        },
        // What has left stays in the queue until its outcome is known; only the caller stops waiting.
        () => entry && queue.withdraw(entry),
      )
    },
    online(welcome) {
      keeper?.online(welcome)
      const { producer, user } = welcome
      if (owner && (owner.producer !== producer || owner.user !== user)) {
        const error = new MagpieError(
          "CONFLICT",
          "another client or user has this producer now: the server cannot tell whether this was stored",
        )
        for (const queue of queues.values()) queue.restart(error, owner.user !== undefined && owner.user !== user)
      }
      owner = { producer, user }
      for (const [channel, queue] of queues) {
        if (isBroadcast(channel)) queue.handOver((message) => broadcast(channel, message))
        queue.resume()
      }
    },
    offline: () => keeper?.offline(),
    whenDrained(callback) {
      onDrained = callback
      if (pending === 0) callback()
    },
    close(error) {
      keeper?.close()
      for (const queue of queues.values()) queue.rejectAll(error)
    },
  }
}

/** With the data as it will travel. Fails with BAD_REQUEST. */
function copied(message: Outgoing, codec: Codec): Outgoing {
  const publish: Publish = { type: "publish", channel: "", ...message }
  const [copy] = codec.decode(codec.encode(publish))
  return { ...message, data: (copy as Publish).data }
}
