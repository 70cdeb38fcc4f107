import { type AckLevel, type Clock, MagpieError, toMagpieError } from "@magpie/protocol"
import { BATCH_BYTES, BATCH_ENTRIES, batchLength, PENDING_BYTES, PENDING_ENTRIES, type Weight, weightOf } from "./append-limits.ts"
import type { Entry } from "./entry.ts"
import type { Journal, JournalReader, Tail } from "./journal.ts"

const RETRY_AFTER_MS = 1_000

export interface EmbeddedJournalOptions {
  readonly env: { readonly clock: Clock }
  /** What the storage's commit means, since that is where entries become durable. */
  readonly level: AckLevel
  readonly batchEntries?: number
  readonly batchBytes?: number
  readonly pendingEntries?: number
  readonly pendingBytes?: number
}

interface Append {
  readonly entries: readonly Entry[]
  readonly weight: Weight
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

type State =
  | { readonly name: "idle" }
  /** The batch starts when this turn of the event loop has ended, so that the turn's publishes share a commit. */
  | { readonly name: "gathering" }
  | { readonly name: "delivering"; readonly done: Promise<void> }
  /** Delivers what was appended before the close. */
  | { readonly name: "closing"; readonly done: Promise<void> }
  | { readonly name: "ended"; readonly error: MagpieError }

/**
 * The journal of a single node: keeps nothing, hands entries to its one tail in batches, and the transaction that applies
 * a batch makes it durable. The tail is given the very objects that were appended.
 */
export function embeddedJournal(options: EmbeddedJournalOptions): Journal<Entry> {
  const batchLimit: Weight = { entries: options.batchEntries ?? BATCH_ENTRIES, bytes: options.batchBytes ?? BATCH_BYTES }
  const pendingLimit: Weight = { entries: options.pendingEntries ?? PENDING_ENTRIES, bytes: options.pendingBytes ?? PENDING_BYTES }
  let queue: Append[] = []
  let waiting = { entries: 0, bytes: 0 }
  let next = 1
  let reader: JournalReader<Entry> | undefined
  let connecting: Promise<void> | undefined
  let state: State = { name: "idle" }

  function gather(): void {
    if (state.name !== "idle" || reader === undefined || queue.length === 0) return
    state = { name: "gathering" }
    options.env.clock.defer(() => {
      if (state.name !== "gathering" || reader === undefined) return
      state = { name: "delivering", done: deliver(reader, takeBatch()) }
    })
  }

  async function deliver(to: JournalReader<Entry>, appends: readonly Append[]): Promise<void> {
    const records = appends.flatMap((append) => append.entries)
    const first = next
    next += records.length
    try {
      await to.deliver({ partition: 0, first, records })
      for (const append of appends) append.resolve()
      if (state.name === "delivering") state = { name: "idle" }
    } catch (cause) {
      const error = toMagpieError(cause)
      for (const append of appends) append.reject(error)
      end(error)
    }
    gather()
  }

  function takeBatch(): readonly Append[] {
    const count = batchLength(queue, batchLimit)
    const batch = count === queue.length ? queue : queue.slice(0, count)
    queue = count === queue.length ? [] : queue.slice(count)
    for (const { weight } of batch) {
      waiting.entries -= weight.entries
      waiting.bytes -= weight.bytes
    }
    return batch
  }

  function end(error: MagpieError): void {
    if (state.name !== "ended") state = { name: "ended", error }
    const left = queue
    queue = []
    waiting = { entries: 0, bytes: 0 }
    for (const append of left) append.reject(error)
  }

  /** Bounded by what may be pending: nothing is added meanwhile. */
  async function finish(underWay: Promise<void> | undefined): Promise<void> {
    await connecting
    await underWay
    while (reader !== undefined && queue.length > 0) await deliver(reader, takeBatch())
    end(closedError())
  }

  return {
    capabilities: { level: options.level, partitions: 1, retained: false, trims: false },
    append(_partition, entries) {
      if (state.name === "ended") return Promise.reject(state.error)
      if (state.name === "closing") return Promise.reject(closedError())
      const weight = weightOf(entries)
      if (waiting.entries + weight.entries > pendingLimit.entries || waiting.bytes + weight.bytes > pendingLimit.bytes) {
        return Promise.reject(new MagpieError("UNAVAILABLE", "too much waits for the disk", { retryAfterMs: RETRY_AFTER_MS }))
      }
      waiting.entries += weight.entries
      waiting.bytes += weight.bytes
      return new Promise((resolve, reject) => {
        queue.push({ entries, weight, resolve, reject })
        gather()
      })
    },
    tail(_partition, to): Tail {
      let stopped = false
      // It keeps nothing, so its positions go on from wherever the reader is.
      connecting = connect(to).then(
        (from) => {
          if (stopped) return
          next = from
          reader = to
          gather()
        },
        (cause: unknown) => end(toMagpieError(cause)),
      )
      return {
        async stop() {
          stopped = true
          if (reader === to) reader = undefined
          if (state.name === "delivering" || state.name === "closing") await state.done
        },
      }
    },
    trim: () => Promise.resolve(),
    async close() {
      if (state.name === "ended") return
      if (state.name !== "closing") state = { name: "closing", done: finish(state.name === "delivering" ? state.done : undefined) }
      await state.done
    },
  }
}

async function connect(reader: JournalReader<Entry>): Promise<number> {
  return reader.connected({ incarnation: "embedded", oldest: 1, newest: 0 })
}

function closedError(): MagpieError {
  return new MagpieError("CLOSED", "the journal is closed")
}
