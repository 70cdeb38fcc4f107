import type { DurableLog } from "@magpie/journal"
import { type Clock, type Position, type Publication, toMagpieError, type UnrecoverableReason } from "@magpie/protocol"
import { holeOf } from "./hole-of.ts"

/** What stands in a stream, or that something of it is missing and where the stream goes on. */
export type FeedEntry = { readonly type: "publication"; readonly publication: Publication; readonly position: Position } | FeedGap

export interface FeedGap {
  readonly type: "gap"
  readonly reason: UnrecoverableReason
  /** The first offset that is missing. After the reason `epoch` offsets count anew. */
  readonly from: number
  /** The last one; undefined after the reason `epoch`: nobody knows how many there were. */
  readonly to: number | undefined
  /** Where it goes on from. */
  readonly position: Position
}

/** After a position, after the newest message, or from the first message that is still there. */
export type FeedStart = Position | "now" | "start"

export type FeedLog = Pick<DurableLog, "newest" | "resume" | "behind" | "readAfter" | "onApplied" | "onEpoch">

/** What is read of a stream at a time. */
const PAGE = { maxCount: 256, maxBytes: 262_144 }
/** How long to wait for a log that is being opened or built anew. */
const AGAIN_MS = 100

/** All who read streams on this server, behind one listener. */
export class StreamFeeds {
  readonly #log: FeedLog
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<StreamFeed>>()
  readonly #open = new Set<StreamFeed>()
  readonly #stopListening: readonly (() => void)[]

  constructor(log: FeedLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
    this.#stopListening = [
      log.onApplied((publications) => {
        if (this.#waiting.size === 0) return
        for (const { channel } of publications) this.#wake(channel)
      }),
      log.onEpoch((concerns) => {
        for (const feed of this.#open) if (concerns(feed.channel)) feed.doubt()
      }),
    ]
  }

  /** Fails with UNAVAILABLE where it starts now and the log is not open. */
  open(channel: string, start: FeedStart): StreamFeed {
    const feed = new StreamFeed(channel, start === "now" ? this.#log.newest(channel) : start, {
      log: this.#log,
      clock: this.#clock,
      wait: (waiting) => {
        const others = this.#waiting.get(channel)
        if (others === undefined) this.#waiting.set(channel, new Set([waiting]))
        else others.add(waiting)
      },
      onBegin: (begun) => this.#open.add(begun),
      onStop: (stopped) => {
        this.#open.delete(stopped)
        this.#waiting.get(channel)?.delete(stopped)
        if (this.#waiting.get(channel)?.size === 0) this.#waiting.delete(channel)
      },
    })
    return feed
  }

  close(): void {
    for (const stop of this.#stopListening) stop()
    for (const feed of [...this.#open]) feed.stop()
  }

  #wake(channel: string): void {
    const feeds = this.#waiting.get(channel)
    if (feeds === undefined) return
    this.#waiting.delete(channel)
    for (const feed of feeds) feed.wake()
  }
}

interface FeedContext {
  readonly log: FeedLog
  readonly clock: Clock
  /** Wakes the feed at the channel's next message. */
  readonly wait: (feed: StreamFeed) => void
  readonly onBegin: (feed: StreamFeed) => void
  readonly onStop: (feed: StreamFeed) => void
}

/**
 * Gives everything that stands in a stream after a place, in order, read from the log as it is asked for: nothing is held for one
 * who does not ask. What is missing is said, in its place [G4].
 */
export class StreamFeed {
  readonly channel: string
  readonly #context: FeedContext
  /** Everything up to here was given; undefined until it is known where the stream starts. */
  #at: Position | undefined
  /** The log has been asked whether it still holds that place. */
  #isChecked = false
  #isStopped = false
  #wake: () => void = () => {}

  constructor(channel: string, start: Position | "start", context: FeedContext) {
    this.channel = channel
    this.#at = start === "start" ? undefined : start
    this.#context = context
  }

  /** What comes next, at most a page, as soon as there is any; nothing once it is stopped. Fails with CLOSED, or where the log is damaged. */
  async next(maxCount = PAGE.maxCount): Promise<readonly FeedEntry[]> {
    if (!this.#isStopped) this.#context.onBegin(this)
    while (!this.#isStopped) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        const entries = await this.read(maxCount)
        if (entries.length > 0) return this.#isStopped ? [] : entries
        if (this.#isStopped) break
        this.#context.wait(this)
        // It may have come before this waited.
        if (this.#isBehind()) continue
      } catch (failure) {
        if (toMagpieError(failure).code !== "UNAVAILABLE") throw failure
        const timer = this.#context.clock.setTimer(AGAIN_MS, () => this.#wake())
        await woken
        timer.cancel()
        continue
      }
      await woken
    }
    return []
  }

  /** What is there now, at most a page. Fails with UNAVAILABLE while the log cannot tell. */
  async read(maxCount = PAGE.maxCount): Promise<readonly FeedEntry[]> {
    const gap = this.#isChecked ? undefined : await this.#check()
    if (gap !== undefined) return [gap]
    const at = this.#at as Position
    try {
      const { publications } = this.#context.log.readAfter(this.channel, at.offset, { ...PAGE, maxCount })
      return publications.map((publication) => this.#given(publication, at.epoch))
    } catch (failure) {
      const hole = holeOf(failure)
      if (hole === undefined) throw failure
      this.#at = { epoch: at.epoch, offset: hole.to }
      return [{ type: "gap", reason: hole.reason, from: at.offset + 1, to: hole.to, position: this.#at }]
    }
  }

  /** Whether there is nothing more now. */
  get isLevel(): boolean {
    return this.#isChecked && !this.#isBehind()
  }

  /** Everything up to here was given. */
  get position(): Position | undefined {
    return this.#at
  }

  wake(): void {
    this.#wake()
  }

  /** The log may no longer be what this has read. */
  doubt(): void {
    this.#isChecked = false
    this.#wake()
  }

  /** Idempotent. A `next` under way settles. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#context.onStop(this)
    this.#wake()
  }

  #given(publication: Publication, epoch: string): FeedEntry {
    const { offset = 0, mark } = publication
    const position = { epoch, offset, ...(mark === undefined ? undefined : { mark }) }
    this.#at = position
    return { type: "publication", publication, position }
  }

  #isBehind(): boolean {
    return !this.#isChecked || this.#context.log.newest(this.channel).offset > (this.#at?.offset ?? 0)
  }

  /** Whether what stands at this place is what was given there. Returns what is missing otherwise. */
  async #check(): Promise<FeedGap | undefined> {
    const { log } = this.#context
    const at = this.#at
    if (at === undefined) {
      this.#begin()
      return undefined
    }
    await log.behind(this.channel, at)
    const { answer, ...rest } = log.resume(this.channel, at)
    this.#isChecked = true
    // Of other reasons reading tells the whole range.
    if (answer === "recovered" || !("reason" in rest) || rest.reason !== "epoch") return undefined
    const { epoch } = rest.position
    // Up to a message that is there with its mark, the new epoch's log is the one that was read.
    const stands = at.offset > 0 && at.mark !== undefined && log.resume(this.channel, { ...at, epoch }).answer === "recovered"
    this.#at = stands ? { ...at, epoch } : { epoch, offset: 0 }
    if (stands) return undefined
    this.#begin()
    return { type: "gap", reason: "epoch", from: at.offset + 1, to: undefined, position: this.#at as Position }
  }

  /** Stands before the first message that is there; what was before it was never promised. */
  #begin(): void {
    const { log } = this.#context
    const { epoch } = log.newest(this.channel)
    this.#at = { epoch, offset: 0 }
    try {
      log.readAfter(this.channel, 0, { maxCount: 1, maxBytes: 1 })
    } catch (failure) {
      const hole = holeOf(failure)
      if (hole === undefined) throw failure
      if (hole.reason !== "corrupt") this.#at = { epoch, offset: hole.to }
    }
    this.#isChecked = true
  }
}
