import { MagpieError, type Published, toMagpieError } from "@magpie/protocol"
import type { Receipt } from "../channel.ts"
import type { Schedule } from "../schedule.ts"
import type { KeptChannel } from "./keeper.ts"

/** What a caller sends, before it has a number. */
export interface Outgoing {
  readonly name: string
  readonly data: unknown
  readonly ref: string
}

/** A publish on its way. */
export interface Entry {
  message: Outgoing
  /** Zero until it leaves for the first time, and again when it is certain that it was not stored. Else what left once leaves again under the same number. */
  sequence: number
  /** A try went without the server's answer, so it may have been stored. */
  unsure: boolean
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
  /** Takes an entry out, wherever it is. */
  drop(entry: Entry, error: MagpieError): void
  /** A link is there: everything unacknowledged leaves again. */
  resume(): void
  /** Puts what was kept from an earlier life in front, with where its numbers stood. */
  restore(kept: KeptChannel): void
  /** Numbers start anew: what may have left under the old ones fails, or everything. */
  restart(error: MagpieError, everything: boolean): void
  /** The channel turned out to be no stream: gives away what has never left. */
  handOver(send: (message: Outgoing) => void): void
  rejectAll(error: MagpieError): void
}

export interface ChannelQueueOptions {
  readonly schedule: Schedule
  /** False where there is no link. Fails with what keeps an entry from ever leaving. */
  transmit(entry: Entry, sequence: number, onReply: (reply: Published | MagpieError) => void): boolean
  /** An entry has left the queue: stored, refused, or taken back. */
  onDone(entry: Entry, outcome?: Receipt | MagpieError): void
}

/** Unacknowledged publishes of one channel on the link at a time. */
export const WINDOW = 256

/**
 * After a refusal for rate so much time passes before the next try, and half as many may then fly: a server that counts
 * messages would count every try, and close on a client that keeps trying.
 */
const RATE_PAUSE_MS = 250

/** Whether what was refused for good has used its number up, or that stands for something already. */
export function usesNumber({ code, details }: MagpieError): boolean {
  return details?.sequence === "used" || code === "CONFLICT" || code === "EXPIRED"
}

/** What a server says of a message that it keeps nowhere. */
const NOT_STORED: Receipt = { position: { epoch: "", offset: 0 }, level: "memory", duplicate: false }

export function createChannelQueue({ schedule, transmit, onDone }: ChannelQueueOptions): ChannelQueue {
  const entries: Entry[] = []
  const wait = schedule.createWait()
  /** Whether entries may leave. After a refusal nothing does until the wait is over and what is in flight has been answered. */
  let gate: "open" | "waiting" | "draining" = "open"
  let lastSequence = 0
  /** The lowest number that the server says is free. It stores nothing behind that, so what left under higher ones takes new ones. */
  let free = Infinity
  let flying = 0
  /**
   * How many may fly; one always may. Zero until a number is used: a server keeps no number of a producer that it does not know
   * where it refuses that, and what had left behind it could neither keep its own nor safely get another. Then whole, and after a
   * refusal for rate it grows by one with each window that was acknowledged.
   */
  let window = 0

  function open(): void {
    wait.cancel()
    gate = "open"
    if (free < Infinity) renumber(free)
    free = Infinity
  }

  /** Nothing flies now. What may have been stored never gets another number: the try under its own may still land in the log [G2]. */
  function renumber(next: number): void {
    lastSequence = next - 1
    window = 0
    for (const entry of [...entries]) {
      if (entry.sequence < next) continue
      if (entry.unsure) fail(entry, new MagpieError("EXPIRED", "the server cannot tell whether this was stored"))
      else entry.sequence = 0
    }
  }

  function remove(entry: Entry, outcome?: Receipt | MagpieError): void {
    const index = entries.indexOf(entry)
    if (index < 0) return
    entries.splice(index, 1)
    onDone(entry, outcome)
  }

  function fail(entry: Entry, error: MagpieError): void {
    remove(entry, error)
    entry.reject(error)
  }

  function pump(): void {
    if (gate === "draining" && flying === 0) open()
    while (gate === "open" && flying + 1 <= Math.max(1, window)) {
      // What flies stands in front, so this never looks further than the window.
      const next = entries.find((entry) => !entry.flying)
      if (next === undefined || !launch(next)) return
    }
  }

  /** False where there is no link, so that nothing behind it may leave either. */
  function launch(entry: Entry): boolean {
    const sequence = entry.sequence || lastSequence + 1
    try {
      if (!transmit(entry, sequence, (reply) => replied(entry, reply))) return false
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
    else if (reply.retryable) putOff(entry, reply)
    else refused(entry, reply)
    pump()
  }

  function stored(entry: Entry, { position = NOT_STORED.position, level = NOT_STORED.level, duplicate = false }: Published): void {
    wait.failures = 0
    used()
    // A number behind it was used, so it was not free.
    if (entry.sequence > free) free = Infinity
    const receipt = { position, level, duplicate }
    remove(entry, receipt)
    entry.resolve(receipt)
  }

  /** From zero the window is whole at once. */
  function used(): void {
    window = Math.min(WINDOW, window + 1 / window)
  }

  function refused(entry: Entry, error: MagpieError): void {
    fail(entry, error)
    if (usesNumber(error)) return used()
    release(entry)
  }

  /** Nothing is stored under its number, and nothing will be. */
  function release({ sequence }: Entry): void {
    free = Math.min(free, sequence)
    if (gate === "open") gate = "draining"
  }

  function putOff(entry: Entry, error: MagpieError): void {
    const { code, details } = error
    if (code === "OUT_OF_ORDER") {
      const expected = Number(details?.expected)
      const lowest = Math.min(free, entries.find(({ sequence }) => sequence > 0)?.sequence ?? 0)
      // Lower than what was acknowledged: the server has forgotten that.
      if (expected >= 1 && expected < lowest) free = expected
    } else if (details?.sequence === "free") {
      // It never left. One that was dropped meanwhile leaves its number to the next.
      if (!entry.unsure && !entries.includes(entry)) release(entry)
    } else if (code !== "RATE_LIMITED") entry.unsure = true
    hold(error)
  }

  /** The first refusal decides how long to wait; those of what was pipelined behind it only come back. */
  function hold(error: MagpieError): void {
    if (gate !== "open") return
    gate = "waiting"
    const tooFast = error.code === "RATE_LIMITED"
    if (tooFast) window &&= Math.max(1, window / 2)
    const hintMs = tooFast ? Math.max(RATE_PAUSE_MS, error.retryAfterMs ?? 0) : error.retryAfterMs
    wait.again(() => {
      gate = "draining"
      pump()
    }, hintMs)
  }

  return {
    push(entry) {
      entries.push(entry)
      pump()
    },
    withdraw(entry) {
      if (entry.sequence === 0) remove(entry)
    },
    drop(entry, error) {
      fail(entry, error)
      if (entry.sequence > 0 && !entry.unsure && !entry.flying) release(entry)
    },
    resume() {
      open()
      wait.failures = 0
      pump()
    },
    restore(kept) {
      lastSequence = kept.last
      entries.unshift(...kept.entries)
    },
    restart(error, everything) {
      for (const entry of [...entries]) if (everything || entry.sequence > 0) fail(entry, error)
      free = 1
    },
    handOver(send) {
      for (const entry of [...entries]) {
        if (entry.sequence > 0) continue
        remove(entry, NOT_STORED)
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
