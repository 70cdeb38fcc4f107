import { type Codec, MagpieError, type Publish, toMagpieError, type UpMessage } from "@magpie/protocol"
import { aborted, onAbort } from "../abort.ts"
import type { Receipt, SendOptions } from "../channel.ts"
import type { OnReply } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import { type ChannelQueue, createChannelQueue, type Entry, type Outgoing } from "./channel-queue.ts"

/** Publishes on streams, kept until their outcome is known [G1, G2]. */
export interface Outbox {
  readonly pending: number
  send(channel: string, message: Outgoing, options: SendOptions): Promise<Receipt>
  /** A link is there. `producer` is the one that the server lets us use. */
  online(producer: string): void
  /** Resolves when nothing waits any more. */
  drained(): Promise<void>
  /** Everything pending fails, and so does every later send. */
  close(error: MagpieError): void
}

export interface OutboxOptions {
  readonly schedule: Schedule
  readonly codec: Codec
  readonly maxPending: number
  ask(message: UpMessage, onReply: OnReply): number | undefined
  retryMs(failures: number, hintMs: number | undefined): number
  /** Asks the connection to come back under a new producer. */
  renewProducer(): void
}

export function createOutbox(options: OutboxOptions): Outbox {
  const queues = new Map<string, ChannelQueue>()
  let producer: string | undefined
  let renewed: string | undefined
  let pending = 0
  let onDrained: (() => void)[] = []

  function done(): void {
    pending--
    if (pending > 0) return
    const waiting = onDrained
    onDrained = []
    for (const resolve of waiting) resolve()
  }

  /** The producer that these numbers belong to has no future; which one it was tells `online` why. */
  function onLostProducer(): void {
    renewed = producer
    options.renewProducer()
  }

  function queueOf(channel: string): ChannelQueue {
    let queue = queues.get(channel)
    if (queue === undefined) {
      const { schedule, ask, retryMs } = options
      queue = createChannelQueue({ channel, schedule, ask, retryMs, onLostProducer, onDone: done })
      queues.set(channel, queue)
    }
    return queue
  }

  function send(channel: string, message: Outgoing, { signal, timeoutMs }: SendOptions): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(signal))
      if (pending >= options.maxPending) return reject(tooMany(options.maxPending))
      const queue = queueOf(channel)
      const settle = (): void => {
        timer?.cancel()
        release()
      }
      const entry: Entry = {
        message,
        state: { state: "queued" },
        resolve(receipt) {
          settle()
          resolve(receipt)
        },
        reject(error) {
          settle()
          reject(error)
        },
      }
      // What has left stays in the queue until its outcome is known; only the caller stops waiting.
      const giveUp = (error: MagpieError): void => {
        queue.withdraw(entry)
        entry.reject(error)
      }
      const late = (): void => giveUp(new MagpieError("TIMEOUT", `the message was not acknowledged within ${timeoutMs} ms`))
      const timer = timeoutMs === undefined ? undefined : options.schedule.after(timeoutMs, late)
      const release = onAbort(signal, giveUp)
      pending++
      queue.push(entry)
      queue.pump()
      // It waits: what the caller does to the data from here on must not change the message.
      if (entry.state.state === "queued") keep(channel, entry, options.codec, (error) => queue.withdraw(entry) && entry.reject(error))
    })
  }

  return {
    get pending() {
      return pending
    },
    send,
    online(granted) {
      const before = producer
      producer = granted
      if (before !== undefined && before !== granted) {
        const error =
          renewed === before
            ? new MagpieError("EXPIRED", "the server no longer knows what came before; whether this was stored is unknown")
            : new MagpieError("CONFLICT", "another client took this producer over; whether this was stored is unknown")
        for (const queue of queues.values()) queue.restart(error)
      }
      for (const [channel, queue] of queues) {
        queue.resume()
        if (queue.size === 0 && before !== granted) queues.delete(channel)
      }
    },
    drained: () => (pending === 0 ? Promise.resolve() : new Promise((resolve) => onDrained.push(resolve))),
    close(error) {
      for (const queue of queues.values()) queue.rejectAll(error)
      queues.clear()
    },
  }
}

/** Replaces the data by a copy as it will travel. */
function keep(channel: string, entry: Entry, codec: Codec, fail: (error: MagpieError) => void): void {
  const message: Publish = { type: "publish", channel, ...entry.message }
  try {
    const [copy] = codec.decode(codec.encode(message))
    entry.message = { ...entry.message, data: (copy as Publish).data }
  } catch (thrown) {
    fail(toMagpieError(thrown))
  }
}

function tooMany(value: number): MagpieError {
  return new MagpieError("LIMIT_EXCEEDED", `the outbox holds ${value} messages already`, { details: { limit: "maxPending", value } })
}
