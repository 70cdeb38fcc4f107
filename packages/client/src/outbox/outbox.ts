import { type Codec, MagpieError, type Publish, toMagpieError } from "@magpie/protocol"
import { abortable, type Patience } from "../abort.ts"
import type { Receipt } from "../channel.ts"
import type { RequestTable } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import { type ChannelQueue, createChannelQueue, type Entry, type Outgoing } from "./channel-queue.ts"

/** Publishes on streams, kept until their outcome is known [G1, G2]. */
export interface Outbox {
  readonly pending: number
  /** Also for a channel of which nobody knows yet that it is no stream: what waits for it is handed on when that is known. */
  send(channel: string, message: Outgoing, patience: Patience): Promise<Receipt>
  /** A link is there. `producer` is the one that the server lets us use. */
  online(producer: string): void
  /** Calls back when nothing waits any more; for one caller. */
  whenDrained(callback: () => void): void
  /** Everything pending fails, and so does every later send. */
  close(error: MagpieError): void
}

export interface OutboxOptions {
  readonly schedule: Schedule
  readonly codec: Codec
  readonly maxPending: number
  readonly ask: RequestTable["ask"]
  isBroadcast(channel: string): boolean
  broadcast(channel: string, message: Outgoing): void
}

export function createOutbox({ schedule, codec, maxPending: value, ask, isBroadcast, broadcast }: OutboxOptions): Outbox {
  const queues = new Map<string, ChannelQueue>()
  let producer: string | undefined
  let pending = 0
  let onDrained = (): void => {}

  function onDone(): void {
    pending--
    if (pending === 0) onDrained()
  }

  function restart(error: MagpieError): void {
    for (const queue of queues.values()) queue.restart(error)
  }

  function queueOf(channel: string): ChannelQueue {
    const queue = queues.get(channel) ?? createChannelQueue({ channel, schedule, ask, onDone })
    queues.set(channel, queue)
    return queue
  }

  return {
    get pending() {
      return pending
    },
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
          entry = { message, sequence: 0, unsure: false, flying: false, resolve, reject }
          pending++
          queue.push(entry)
          // It waits: what the caller does to the data from here on must not change the message.
          if (entry.sequence === 0) keep(queue, entry, codec)
        },
        // What has left stays in the queue until its outcome is known; only the caller stops waiting.
        () => entry && queue.withdraw(entry),
      )
    },
    online(granted) {
      if (producer !== undefined && producer !== granted) {
        restart(new MagpieError("CONFLICT", "another client has this producer now: the server cannot tell whether this was stored"))
      }
      producer = granted
      for (const [channel, queue] of queues) {
        if (isBroadcast(channel)) queue.handOver((message) => broadcast(channel, message))
        queue.resume()
      }
    },
    whenDrained(callback) {
      onDrained = callback
      if (pending === 0) callback()
    },
    close(error) {
      for (const queue of queues.values()) queue.rejectAll(error)
    },
  }
}

/** Replaces the data by a copy as it will travel. */
function keep(queue: ChannelQueue, entry: Entry, codec: Codec): void {
  const message: Publish = { type: "publish", channel: "", ...entry.message }
  try {
    const [copy] = codec.decode(codec.encode(message))
    entry.message = { ...entry.message, data: (copy as Publish).data }
  } catch (thrown) {
    queue.withdraw(entry)
    entry.reject(toMagpieError(thrown))
  }
}
