import { MagpieError, type Timer, type UpMessage } from "@magpie/protocol"
import type { Receipt } from "../channel.ts"
import type { OnReply, Reply } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"

/** What a caller sends, before it has a number. */
export interface Outgoing {
  readonly name: string
  readonly data: unknown
  readonly ref: string
}

/**
 * A publish on its way. `queued` has never left and has no number; `flying` waits for its reply; `unsent` left once and must
 * leave again under the same number, because nobody knows whether the earlier try was stored.
 */
type EntryState =
  | { readonly state: "queued" }
  | { readonly state: "flying"; readonly sequence: number; readonly id: number }
  | { readonly state: "unsent"; readonly sequence: number }

export interface Entry {
  message: Outgoing
  state: EntryState
  resolve(receipt: Receipt): void
  /** Harmless where the caller has given up already. */
  reject(error: MagpieError): void
}

/** One stream's publishes in the order of their calls [G3]. */
export interface ChannelQueue {
  readonly size: number
  push(entry: Entry): void
  /** Takes back an entry that has never left; false where it is too late. */
  withdraw(entry: Entry): boolean
  /** Sends what may leave now. */
  pump(): void
  /** A link is there, speaking for the same producer: everything unacknowledged leaves again. */
  resume(): void
  /** Numbers start anew; what may have left under the old producer fails, the rest is numbered again. */
  restart(error: MagpieError): void
  rejectAll(error: MagpieError): void
}

export interface ChannelQueueOptions {
  readonly channel: string
  readonly schedule: Schedule
  ask(message: UpMessage, onReply: OnReply): number | undefined
  retryMs(failures: number, hintMs: number | undefined): number
  /** The server's count is below what we know to be stored: this producer can never go on. */
  onLostProducer(): void
  /** An entry has left the queue. */
  onDone(): void
}

/** Unacknowledged publishes of one channel on the link at a time. */
export const WINDOW = 256

/** Whether entries may leave. After a refusal nothing does until the wait is over and what is in flight has been answered. */
type Gate = { readonly gate: "open" } | { readonly gate: "waiting"; readonly timer: Timer } | { readonly gate: "draining" }

export function createChannelQueue(options: ChannelQueueOptions): ChannelQueue {
  const { channel, schedule } = options
  let entries: Entry[] = []
  let gate: Gate = { gate: "open" }
  let lastSequence = 0
  let flying = 0
  let failures = 0

  function setGate(next: Gate): void {
    if (gate.gate === "waiting") gate.timer.cancel()
    gate = next
  }

  function remove(entry: Entry): void {
    const index = entries.indexOf(entry)
    if (index < 0) return
    entries.splice(index, 1)
    options.onDone()
  }

  function fail(entry: Entry, error: MagpieError): void {
    remove(entry)
    entry.reject(error)
  }

  function pump(): void {
    if (gate.gate === "draining" && flying === 0) setGate({ gate: "open" })
    if (gate.gate !== "open") return
    // What is numbered stands in front, so this never looks further than the window.
    for (let index = 0; index < entries.length && flying < WINDOW; ) {
      const entry = entries[index]
      if (entry === undefined || (entry.state.state !== "flying" && !launch(entry))) return
      // One that could not be written has left the list.
      if (entries[index] === entry) index++
    }
  }

  /** False where there is no link, so that nothing behind it may leave either. */
  function launch(entry: Entry): boolean {
    const numbered = entry.state.state !== "queued"
    const sequence = entry.state.state === "queued" ? lastSequence + 1 : entry.state.sequence
    let id: number | undefined
    try {
      id = options.ask({ type: "publish", channel, ...entry.message, sequence }, (reply) => replied(entry, sequence, reply))
    } catch (thrown) {
      // Too large, or nothing that the codec can write: it never left, and an unused number stays free.
      if (thrown instanceof MagpieError) fail(entry, thrown)
      return true
    }
    if (id === undefined) return false
    if (!numbered) lastSequence = sequence
    entry.state = { state: "flying", sequence, id }
    flying++
    return true
  }

  function replied(entry: Entry, sequence: number, reply: Reply | MagpieError): void {
    if (entry.state.state !== "flying") return
    flying--
    entry.state = { state: "unsent", sequence }
    if (!(reply instanceof MagpieError)) stored(entry, reply)
    else if (reply.code === "OUT_OF_ORDER" && isForgotten(reply)) options.onLostProducer()
    else if (reply.retryable) hold(reply)
    else fail(entry, reply)
    pump()
  }

  function stored(entry: Entry, reply: Reply): void {
    failures = 0
    remove(entry)
    if (reply.type === "published") {
      const { position = { epoch: "", offset: 0 }, level = "memory", duplicate = false } = reply
      entry.resolve({ position, level, duplicate })
    } else entry.reject(new MagpieError("INTERNAL", `the server answered a publish with ${reply.type}`))
  }

  /** The first refusal decides how long to wait; those of what was pipelined behind it only come back. */
  function hold(error: MagpieError): void {
    if (gate.gate !== "open") return
    const timer = schedule.after(options.retryMs(failures++, error.retryAfterMs), () => {
      setGate({ gate: "draining" })
      pump()
    })
    setGate({ gate: "waiting", timer })
  }

  function isForgotten(error: MagpieError): boolean {
    const expected = error.details?.expected
    const lowest = entries.find((entry) => entry.state.state !== "queued")?.state
    return typeof expected === "number" && lowest !== undefined && lowest.state !== "queued" && expected < lowest.sequence
  }

  return {
    get size() {
      return entries.length
    },
    push(entry) {
      entries.push(entry)
    },
    withdraw(entry) {
      if (entry.state.state !== "queued") return false
      remove(entry)
      return true
    },
    pump,
    resume() {
      setGate({ gate: "open" })
      failures = 0
      pump()
    },
    restart(error) {
      setGate({ gate: "open" })
      lastSequence = 0
      failures = 0
      for (const entry of [...entries]) if (entry.state.state !== "queued") fail(entry, error)
    },
    rejectAll(error) {
      setGate({ gate: "open" })
      const all = entries
      entries = []
      for (const entry of all) {
        options.onDone()
        entry.reject(error)
      }
    },
  }
}
