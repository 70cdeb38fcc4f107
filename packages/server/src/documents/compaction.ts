import { type DurableLog, MOST_COMPACTED } from "@magpie/journal"
import {
  type ChannelMatch,
  type Clock,
  type Limits,
  type Log,
  MagpieError,
  type Publication,
  type Random,
  type Timer,
  toJsonText,
  toMagpieError,
  UPDATE,
} from "@magpie/protocol"
import type { UpdateJoiner } from "./update-joiner.ts"

export interface CompactionOptions {
  readonly log: DurableLog
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly write: Log
  readonly joiner: UpdateJoiner
  readonly matchOf: (channel: string) => ChannelMatch
}

/** Keeps the logs of documents short, one after the other, while they are edited. */
export interface Compaction {
  /** An update was stored, here or on another node. */
  written(publication: Publication): void
  /** Somebody waits for its log to be short again. */
  want(channel: string): void
  close(): void
}

/** Documents of which it is known where their log begins. */
const MOST_KNOWN = 10_000
/** So long one waits at least, and up to three times as long: of several nodes mostly one does it then, for all. */
const WAIT_MS = 1_000
const PAGE = { maxCount: 512, maxBytes: 262_144 }

export function createCompaction(options: CompactionOptions): Compaction {
  const { log, clock, random, limits, write } = options
  /** From which offset on the updates of a document count. */
  const begins = new Map<string, number>()
  const due = new Set<string>()
  let timer: Timer | undefined
  let isRunning = false
  let isClosed = false

  function schedule(): void {
    if (isClosed || isRunning || timer !== undefined || due.size === 0) return
    timer = clock.setTimer(WAIT_MS * (1 + 2 * random.float()), () => {
      timer = undefined
      isRunning = true
      void run().finally(() => {
        isRunning = false
        schedule()
      })
    })
  }

  async function run(): Promise<void> {
    const [channel = ""] = due
    due.delete(channel)
    try {
      begins.set(channel, await compact(channel))
    } catch (failure) {
      if (isClosed) return
      // It stays as it is, and is tried again after as many updates as now.
      begins.set(channel, log.newest(channel).offset)
      write("error", "document-not-joined", { channel, code: toMagpieError(failure).code })
    }
  }

  /** Returns from where on its updates count. */
  async function compact(channel: string): Promise<number> {
    const oldest = log.oldest(channel)
    if (log.newest(channel).offset - oldest < limits.documentTail) return oldest
    const { updates, upTo, mark } = await read(channel, oldest)
    const update = await options.joiner.join(updates, limits.documentJoinMs)
    if (update.length > limits.documentBytes) throw tooLarge(limits.documentBytes)
    const { pattern } = options.matchOf(channel)
    const outcome = await log.compact({ channel, pattern, upTo, mark, name: UPDATE, data: toJsonText({ update }) })
    if (outcome.result === "stored" && log.newest(channel).offset - upTo >= limits.documentTail) due.add(channel)
    // Where it is refused, another node was faster.
    return log.oldest(channel)
  }

  async function read(channel: string, oldest: number) {
    const updates: string[] = []
    let upTo = oldest - 1
    let mark = ""
    const { offset } = log.newest(channel)
    while (upTo < offset && updates.length + PAGE.maxCount <= MOST_COMPACTED) {
      for (const publication of log.readAfter(channel, upTo, PAGE).publications) {
        updates.push(String(JSON.parse(publication.data).update))
        upTo = publication.offset ?? upTo
        mark = publication.mark ?? mark
      }
      await new Promise<void>((resolve) => clock.defer(resolve))
      if (isClosed) throw new MagpieError("CLOSED", "the server was closed")
    }
    return { updates, upTo, mark }
  }

  return {
    written({ channel, offset = 0 }) {
      const begin = begins.get(channel) ?? log.oldest(channel)
      if (begins.size >= MOST_KNOWN) begins.clear()
      begins.set(channel, begin)
      if (offset - begin < limits.documentTail) return
      due.add(channel)
      schedule()
    },
    want(channel) {
      due.add(channel)
      schedule()
    },
    close() {
      isClosed = true
      timer?.cancel()
      timer = undefined
      due.clear()
    },
  }
}

function tooLarge(most: number): MagpieError {
  return new MagpieError("LIMIT_EXCEEDED", "the document is too large to be joined", { details: { limit: "documentBytes", value: most } })
}
