import { MagpieError, type Published, toMagpieError } from "@magpie/protocol"
import type { Receipt } from "../channel.ts"
import type { RequestTable } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"

/** What a caller sends, before it has a number. */
export interface Outgoing {
  readonly name: string
  readonly data: unknown
  readonly ref: string
}

/** A publish on its way. */
export interface Entry {
  message: Outgoing
  /** Undefined until it leaves for the first time. What left once leaves again under the same number, because nobody knows whether that try was stored. */
  sequence: number | undefined
  /** Waits for its reply on the present link. */
  flying: boolean
  resolve(receipt: Receipt): void
  /** Harmless where the caller has given up already. */
  reject(error: MagpieError): void
}

/** One stream's publishes in the order of their calls [G3]. */
export interface ChannelQueue {
  /** Takes it, and sends it where it may leave now. */
  push(entry: Entry): void
  /** Takes back an entry that has never left. */
  withdraw(entry: Entry): void
  /** A link is there: everything unacknowledged leaves again. */
  resume(): void
  /** Numbers start anew: what may have left under the old ones fails. */
  restart(error: MagpieError): void
  /** The channel turned out to be no stream: gives away what has never left. */
  handOver(send: (message: Outgoing) => void): void
  rejectAll(error: MagpieError): void
}

export interface ChannelQueueOptions {
  readonly channel: string
  readonly schedule: Schedule
  readonly ask: RequestTable["ask"]
  /** The server's count is below what we know to be stored: this producer can never go on. */
  onLostProducer(): void
  /** An entry has left the queue. */
  onDone(): void
}

/** Unacknowledged publishes of one channel on the link at a time. */
export const WINDOW = 256

/**
 * After a refusal for rate so much time passes before the next try, and half as many may then fly: a server that counts
 * messages would count every try, and close on a client that keeps trying.
 */
const RATE_PAUSE_MS = 250

/** What a server says of a message that it keeps nowhere. */
const NOT_STORED: Receipt = { position: { epoch: "", offset: 0 }, level: "memory", duplicate: false }

export function createChannelQueue({ channel, schedule, ask, onLostProducer, onDone }: ChannelQueueOptions): ChannelQueue {
  const entries: Entry[] = []
  const wait = schedule.createWait()
  /** Whether entries may leave. After a refusal nothing does until the wait is over and what is in flight has been answered. */
  let gate: "open" | "waiting" | "draining" = "open"
  let lastSequence = 0
  let flying = 0
  /** Grows by one with each window that was acknowledged, as long as it is not whole. */
  let window = WINDOW

  function open(): void {
    wait.cancel()
    gate = "open"
  }

  function remove(entry: Entry): void {
    const index = entries.indexOf(entry)
    if (index < 0) return
    entries.splice(index, 1)
    onDone()
  }

  function fail(entry: Entry, error: MagpieError): void {
    remove(entry)
    entry.reject(error)
  }

  function pump(): void {
    if (gate === "draining" && flying === 0) open()
    while (gate === "open" && flying + 1 <= window) {
      // What flies stands in front, so this never looks further than the window.
      const next = entries.find((entry) => !entry.flying)
      if (next === undefined || !launch(next)) return
    }
  }

  /** False where there is no link, so that nothing behind it may leave either. */
  function launch(entry: Entry): boolean {
    const sequence = entry.sequence ?? lastSequence + 1
    try {
      const id = ask({ type: "publish", channel, ...entry.message, sequence }, "published", (reply) => replied(entry, reply))
      if (id === undefined) return false
    } catch (thrown) {
      // Too large, or nothing that the codec can write: it never left, and an unused number stays free.
      fail(entry, toMagpieError(thrown))
      return true
    }
    lastSequence = Math.max(lastSequence, sequence)
    entry.sequence = sequence
    entry.flying = true
    flying++
    return true
  }

  function replied(entry: Entry, reply: Published | MagpieError): void {
    flying--
    entry.flying = false
    if (!(reply instanceof MagpieError)) stored(entry, reply)
    else if (isForgotten(reply)) onLostProducer()
    else if (reply.retryable) hold(reply)
    else fail(entry, reply)
    pump()
  }

  function stored(entry: Entry, { position = NOT_STORED.position, level = NOT_STORED.level, duplicate = false }: Published): void {
    wait.failures = 0
    window = Math.min(WINDOW, window + 1 / window)
    remove(entry)
    entry.resolve({ position, level, duplicate })
  }

  /** The first refusal decides how long to wait; those of what was pipelined behind it only come back. */
  function hold(error: MagpieError): void {
    if (gate !== "open") return
    gate = "waiting"
    const tooFast = error.code === "RATE_LIMITED"
    if (tooFast) window = Math.max(1, window / 2)
    const hintMs = tooFast ? Math.max(RATE_PAUSE_MS, error.retryAfterMs ?? 0) : error.retryAfterMs
    wait.again(() => {
      gate = "draining"
      pump()
    }, hintMs)
  }

  function isForgotten({ code, details }: MagpieError): boolean {
    const lowest = entries.find((entry) => entry.sequence !== undefined)?.sequence
    return code === "OUT_OF_ORDER" && lowest !== undefined && Number(details?.expected) < lowest
  }

  return {
    push(entry) {
      entries.push(entry)
      pump()
    },
    withdraw(entry) {
      if (entry.sequence === undefined) remove(entry)
    },
    resume() {
      open()
      wait.failures = 0
      pump()
    },
    restart(error) {
      lastSequence = 0
      for (const entry of [...entries]) if (entry.sequence !== undefined) fail(entry, error)
    },
    handOver(send) {
      for (const entry of [...entries]) {
        if (entry.sequence !== undefined) continue
        remove(entry)
        send(entry.message)
        entry.resolve(NOT_STORED)
      }
    },
    rejectAll(error) {
      open()
      for (const entry of [...entries]) fail(entry, error)
    },
  }
}
