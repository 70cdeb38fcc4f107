import { type Clock, isMagpieError, type Timer } from "@magpie/protocol"
import type { Wanted } from "../schemas.ts"
import { FIRST_DAY, type Paths } from "../series/paths.ts"
import { SYMBOLS } from "../symbols.ts"
import { createBarWriter } from "./bar-writer.ts"
import { createBookWriter } from "./book-writer.ts"
import type { FeedChannels } from "./ports.ts"
import { createQuoteWriter } from "./quote-writer.ts"
import { createReplayClock, type ReplayClock } from "./replay-clock.ts"

export interface FeedOptions {
  readonly channels: FeedChannels
  readonly paths: Paths
  readonly clock: Clock
  /** In [0, 1): what is made up within a day. */
  readonly random: () => number
  readonly symbols?: readonly string[]
}

export interface Feed {
  /** Whether somebody looks, and prices are written. */
  readonly isAwake: boolean
  /** Idempotent; nothing is written after it. */
  close(): void
}

/** What holds until somebody chooses otherwise. */
export const FIRST_WANTED: Wanted = { playing: true, dayMs: 5_000, updatesPerSecond: 5 }

const STEP_MS = 20
/** How often it looks for somebody who follows, for what is wanted, and for books and charts. */
const LOOK_MS = 250
/** A step that comes later than this does not make good what it missed. */
const LONGEST_STEP_MS = 100

/** Replays the series into the server's tables and streams while somebody follows them; else it only looks, four times a second. */
export function createFeed({ channels, paths, clock, random, symbols = SYMBOLS }: FeedOptions): Feed {
  let timer: Timer | undefined
  let isClosed = false
  let awake: ReturnType<typeof wake> | undefined

  const isFollowed = () => channels.quotes.subscribers > 0 || channels.replay.subscribers > 0

  /** A server that is closing writes nothing more; whatever else fails is tried again with newer prices. */
  function failed(failure: unknown): void {
    if (isMagpieError(failure) && failure.code === "CLOSED") close()
  }

  function wake() {
    const from = channels.replay.get("all")?.value ?? { lap: 1, day: FIRST_DAY }
    const replay = createReplayClock(from, FIRST_DAY, paths.dayCount)
    const options = { paths, clock: replay, random, failed }
    const quotes = createQuoteWriter({ ...options, table: channels.quotes, symbols, monotonic: clock.monotonic })
    const bars = createBarWriter(options)
    const books = createBookWriter({ ...options, book: channels.book })
    const report = createReport(channels, paths, replay, failed)
    let wanted = FIRST_WANTED
    let steppedAt = clock.monotonic()
    let lookedAt = Number.NEGATIVE_INFINITY
    let owed = symbols.length

    function look(now: number): void {
      lookedAt = now
      wanted = channels.wanted.get("all")?.value ?? FIRST_WANTED
      for (const symbol of symbols) {
        const stream = channels.bars(symbol)
        if (stream.subscribers > 0) bars.write(symbol, stream)
        const price = quotes.priceOf(symbol)
        if (wanted.playing && price !== undefined && channels.book(symbol).subscribers > 0) books.write(symbol, price)
      }
      report.write(now, quotes.written)
    }

    return {
      step(now: number): void {
        const elapsedMs = Math.min(now - steppedAt, LONGEST_STEP_MS)
        steppedAt = now
        if (now - lookedAt >= LOOK_MS) look(now)
        if (wanted.playing) {
          replay.advance(elapsedMs, wanted.dayMs)
          owed += (symbols.length * wanted.updatesPerSecond * elapsedMs) / 1_000
        }
        const count = Math.floor(owed)
        owed -= count
        quotes.write(count)
      },
    }
  }

  function run(): void {
    if (isClosed) return
    if (!isFollowed()) awake = undefined
    else awake ??= wake()
    awake?.step(clock.monotonic())
    // A write that failed at once may have closed it.
    if (!isClosed) timer = clock.setTimer(awake === undefined ? LOOK_MS : STEP_MS, run)
  }

  function close(): void {
    isClosed = true
    awake = undefined
    timer?.cancel()
  }

  timer = clock.setTimer(LOOK_MS, run)
  return {
    get isAwake() {
      return awake !== undefined
    },
    close,
  }
}

/** Says once a second how far the replay is, and how many rows were written since. */
function createReport(channels: FeedChannels, paths: Paths, replay: ReplayClock, failed: (failure: unknown) => void) {
  let saidAt = Number.NEGATIVE_INFINITY
  let saidWritten = 0
  let saidDay = -1
  return {
    write(now: number, written: number): void {
      const { lap, day } = replay
      if (now - saidAt < 1_000 && day === saidDay) return
      const elapsedMs = Math.max(LOOK_MS, now - saidAt)
      const writtenPerSecond = Math.round(((written - saidWritten) * 1_000) / elapsedMs)
      saidAt = now
      saidWritten = written
      saidDay = day
      channels.replay.set("all", { lap, day, date: paths.dateOf(day), writtenPerSecond }).catch(failed)
    },
  }
}
