import type { Limits } from "@magpie/protocol"
import { type Batch, payloadOf } from "../flow/batch.ts"
import { createMeter, type Meter, type Rate, take } from "../flow/rate.ts"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import type { Answered, Exchange } from "./exchange.ts"
import type { HttpLink } from "./http-link.ts"
import type { Socket, SocketEvents } from "./socket.ts"
import { UpLine } from "./up-line.ts"

export interface PollOptions {
  readonly secret: string
  readonly limits: Pick<Limits, "closeMs" | "pollMs" | "pollIdleMs">
  readonly wheel: TimingWheel
  readonly monotonic: () => number
  /** How often one link may be polled. */
  readonly rate: Rate
  readonly onGone: () => void
}

/** The first line of an answer to a poll: which answer it is, and what belongs to no frame. */
export interface PollHead {
  /** Of the newest frames given, counted from 1; what the next poll acknowledges. */
  readonly n: number
  readonly secret?: string
  /** Of the first answer, and of each to a visit: which server gave it. */
  readonly node?: string
  /** A newer poll of the same link took this one's place. */
  readonly replaced?: true
  readonly close?: { readonly code: number; readonly reason: string }
}

interface Parked {
  readonly exchange: Exchange
  readonly headers: Readonly<Record<string, string>>
  readonly sinceMs: number
}

const NORMAL = 1000
const ABNORMAL = 1006
const RATE_LIMITED = 4006
const LINE_FEED = 0x0a
const utf8 = new TextEncoder()

const POLL_HEADERS = {
  "Content-Type": "text/plain; charset=utf-8",
  "Cache-Control": "no-store, no-transform",
  "X-Content-Type-Options": "nosniff",
}

/** The answer to a poll: its head and, behind a line feed each, the frames. */
export function pollAnswer(headers: Readonly<Record<string, string>>, head: PollHead, frames: readonly Uint8Array[] = []): Answered {
  const first = JSON.stringify(head)
  return {
    status: 200,
    headers: { ...POLL_HEADERS, ...headers },
    body: frames.length === 0 ? first : joined([utf8.encode(first), ...frames]),
  }
}

/**
 * A link whose frames are fetched by polls. What was given stays until the next poll acknowledges it: an answer that got lost
 * is given again, the same. One poll waits at a time.
 */
export class PollSocket implements Socket, HttpLink, Watched {
  readonly secret: string
  readonly kind = "polls"
  reading = 0
  readonly #options: PollOptions
  readonly #meter: Meter = createMeter()
  #events: SocketEvents | undefined
  #up: UpLine | undefined
  #frames: Uint8Array[] = []
  #frameBytes = 0
  #given: { readonly frames: readonly Uint8Array[]; readonly bytes: number } | undefined
  #number = 0
  #parked: Parked | undefined
  #idleSinceMs: number
  #closing: { readonly code: number; readonly reason: string; readonly untilMs: number } | undefined
  #isGone = false

  constructor(options: PollOptions) {
    this.secret = options.secret
    this.#options = options
    this.#idleSinceMs = options.monotonic()
    options.wheel.watch(this, options.limits.pollIdleMs)
  }

  connect(events: SocketEvents): void {
    this.#events = events
    this.#up = new UpLine(events)
  }

  get up(): UpLine | undefined {
    return this.#closing === undefined ? this.#up : undefined
  }

  get queuedBytes(): number {
    return this.#frameBytes + (this.#given?.bytes ?? 0)
  }

  /** Somebody asks for what comes after the frames of that number. */
  poll(exchange: Exchange, headers: Readonly<Record<string, string>>, acknowledged: number): void {
    const nowMs = this.#options.monotonic()
    if (take(this.#meter, this.#options.rate, nowMs) > 0) this.close(RATE_LIMITED, "too many polls")
    this.#unpark()?.answer(pollAnswer(headers, { n: this.#number, replaced: true }))
    this.#idleSinceMs = nowMs
    const parked = { exchange, headers, sinceMs: nowMs }
    this.#events?.onAlive()
    if (this.#given !== undefined && acknowledged >= this.#number) {
      this.#given = undefined
      this.#events?.onDrain()
    }
    if (this.#given !== undefined || this.#frames.length > 0 || this.#closing !== undefined) return this.#answer(parked)
    this.#parked = parked
    exchange.onLeft(() => {
      if (this.#parked?.exchange === exchange) this.#unpark()
    })
    this.#options.wheel.watch(this, this.#options.limits.pollMs)
  }

  send(batches: readonly Batch[]): void {
    if (this.#closing !== undefined) return
    for (const batch of batches) {
      this.#frames.push(payloadOf(batch))
      this.#frameBytes += batch.bytes
    }
    this.#wakeParked()
  }

  /** The next poll is the sign of life. */
  ping(): void {
    this.#wakeParked()
  }

  pause(): void {
    this.#up?.pause()
  }

  resume(): void {
    this.#up?.resume()
  }

  close(code: number, reason: string): void {
    if (this.#closing !== undefined) return
    const { closeMs } = this.#options.limits
    this.#closing = { code, reason, untilMs: this.#options.monotonic() + closeMs }
    this.#up?.resume()
    this.#wakeParked()
    this.#options.wheel.watch(this, closeMs)
  }

  terminate(): void {
    this.#closing ??= { code: ABNORMAL, reason: "", untilMs: 0 }
    this.#wakeParked()
    this.#gone()
  }

  left(): void {
    this.#closing ??= { code: NORMAL, reason: "", untilMs: 0 }
    this.terminate()
  }

  check(nowMs: number): number | undefined {
    const { pollMs, pollIdleMs } = this.#options.limits
    if (this.#closing !== undefined) {
      if (nowMs < this.#closing.untilMs) return this.#closing.untilMs - nowMs
      this.#gone()
      return undefined
    }
    if (this.#parked !== undefined && nowMs - this.#parked.sinceMs >= pollMs) this.#wakeParked()
    if (this.#parked !== undefined) return this.#parked.sinceMs + pollMs - nowMs
    const leftMs = this.#idleSinceMs + pollIdleMs - nowMs
    if (leftMs > 0) return leftMs
    this.terminate()
    return undefined
  }

  #unpark(): Exchange | undefined {
    const parked = this.#parked
    this.#parked = undefined
    if (parked === undefined) return undefined
    this.#idleSinceMs = this.#options.monotonic()
    if (this.#closing === undefined && !this.#isGone) this.#options.wheel.watch(this, this.#options.limits.pollIdleMs)
    return parked.exchange
  }

  #wakeParked(): void {
    const parked = this.#parked
    this.#unpark()
    if (parked !== undefined) this.#answer(parked)
  }

  #answer({ exchange, headers }: Parked): void {
    if (this.#given === undefined && this.#frames.length > 0) {
      this.#given = { frames: this.#frames, bytes: this.#frameBytes }
      this.#frames = []
      this.#frameBytes = 0
      this.#number += 1
    }
    // What comes after frames that may have to be given again is told behind them, by a later answer.
    const close = this.#frames.length > 0 ? undefined : this.#closing
    const head: PollHead = { n: this.#number, ...(close && { close: { code: close.code, reason: close.reason } }) }
    exchange.answer(pollAnswer(headers, head, this.#given?.frames))
  }

  #gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#options.wheel.unwatch(this)
    this.#frames = []
    this.#given = undefined
    this.#frameBytes = 0
    this.#up?.resume()
    this.#options.onGone()
    this.#events?.onClose(this.#closing?.code ?? ABNORMAL, "")
  }
}

function joined(lines: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, -1)).fill(LINE_FEED)
  let at = 0
  for (const line of lines) {
    bytes.set(line, at)
    at += line.length + 1
  }
  return bytes
}
