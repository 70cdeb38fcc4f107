import { type MagpieError, type StoredMessage, toMagpieError } from "@magpie/protocol"
import type { Received, StreamChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import type { Wait } from "../schedule.ts"
import { applyChange, type ChangeMessage, versionOf } from "./apply-change.ts"

/** Messages that somebody holds and wants to be as they are now. */
export interface Held {
  find(offset: number): Received | undefined
  /** Takes the place of the message at the same offset; a deleted one has the name `$deleted`. */
  replace(message: Received): void
  /** It has left history, so nobody is told any more what becomes of it. */
  remove(offset: number): void
}

export interface ChangeFollower {
  /** These were read from history: one of which something newer was told meanwhile is read anew. */
  check(messages: Iterable<Received>): void
  stop(): void
}

/** Changes of messages that are not held are remembered, for pages that were read before them: the newest of them. */
const REMEMBERED = 1_000
/** How often a message is asked for of nodes that lag. */
const MOST_TRIES = 20

/**
 * Keeps held messages as they are now, while it follows [G4]: applies each change once, in order, and reads a message anew of
 * which changes were missed because it was read at another time than they were told. What is refused is reported as the client's error.
 */
export function followChanges(channel: StreamChannel<never, undefined>, held: Held): ChangeFollower {
  const { name, request, onError, read, schedule, subscription } = extend(channel)
  /** The newest version that was told of a message. */
  const told = new Map<number, number>()
  const reading = new Map<number, Wait>()
  let epoch: string | undefined
  const stopped = new AbortController()

  function remember(offset: number, version: number): void {
    // Versions of another log say nothing of this one.
    if (epoch !== subscription.position?.epoch) told.clear()
    epoch = subscription.position?.epoch
    told.delete(offset)
    told.set(offset, version)
    const [oldest] = told.keys()
    if (told.size > REMEMBERED && oldest !== undefined) told.delete(oldest)
  }

  function onChange(change: ChangeMessage): void {
    const { offset } = change.data
    remember(offset, Number(change.offset))
    const message = held.find(offset)
    if (message === undefined) return
    const next = applyChange(message, change, read)
    if (next === "missed") readAnew(offset)
    else if (next === undefined) held.remove(offset)
    else if (next !== message) held.replace(next)
  }

  /** One request at a time for each message. A node that has yet to hear of a change is asked again after a while. */
  function readAnew(offset: number): void {
    if (reading.has(offset)) return
    const wait = schedule.createWait()
    reading.set(offset, wait)
    const ask = async (): Promise<void> => {
      try {
        const message = { type: "history", channel: name, after: offset - 1, limit: 1 } as const
        const { messages, position } = await request(message, "history", { repeat: true, signal: stopped.signal })
        const isBehind = position.epoch === epoch && position.offset < Number(told.get(offset))
        if (isBehind && wait.failures < MOST_TRIES) return void wait.again(ask, undefined)
        reading.delete(offset)
        take(offset, messages[0])
      } catch (thrown) {
        const error = toMagpieError(thrown)
        if (error.retryable && !stopped.signal.aborted && wait.failures < MOST_TRIES) return void wait.again(ask, error.retryAfterMs)
        reading.delete(offset)
        report(error, offset)
      }
    }
    void ask()
  }

  function take(offset: number, stored: StoredMessage | undefined): void {
    const message = stored?.offset === offset ? read(stored) : undefined
    const before = held.find(offset)
    if (before === undefined) return
    if (message === undefined) return held.remove(offset)
    if (versionOf(message) > versionOf(before)) held.replace(message)
    // What was told while it was on its way may be newer still; what is not there in the end, the log has lost.
    if (Number(told.get(offset)) > versionOf(message) && versionOf(message) > versionOf(before)) readAnew(offset)
  }

  function report(error: MagpieError, offset: number): void {
    if (stopped.signal.aborted) return
    // What cannot be read any more cannot be kept as it is now either.
    if (held.find(offset)) held.remove(offset)
    if (error.code !== "UNRECOVERABLE") onError(error)
  }

  function check(messages: Iterable<Received>): void {
    for (const message of messages) if (Number(told.get(Number(message.offset))) > versionOf(message)) readAnew(Number(message.offset))
  }

  // The name is the protocol's and none of the contract's.
  const dispose = channel.on("$change" as never, onChange as never)
  return {
    check,
    stop() {
      dispose()
      stopped.abort()
      for (const wait of reading.values()) wait.cancel()
    },
  }
}
