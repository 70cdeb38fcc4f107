import type { Limits } from "@magpie/protocol"
import type { Batch } from "../flow/batch.ts"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import { closeEvent, EVENT_STREAM_HEADERS, eventOf, eventOfBatch, PADDING } from "./event.ts"
import type { AnswerStream, Exchange } from "./exchange.ts"
import type { HttpLink } from "./http-link.ts"
import type { Socket, SocketEvents } from "./socket.ts"
import { UpLine } from "./up-line.ts"

export interface EventStreamOptions {
  readonly secret: string
  readonly limits: Pick<Limits, "closeMs">
  readonly wheel: TimingWheel
  readonly onGone: () => void
}

const PING = eventOf("", { name: "ping" })
const NORMAL = 1000
const ABNORMAL = 1006

/** A link whose frames go down as events of one stream and come up by POST. */
export class EventStreamSocket implements Socket, HttpLink, Watched {
  readonly secret: string
  readonly kind = "events"
  reading = 0
  readonly #options: EventStreamOptions
  readonly #stream: AnswerStream
  #events: SocketEvents | undefined
  #up: UpLine | undefined
  #code = ABNORMAL
  #closing = false

  constructor(exchange: Exchange, headers: Readonly<Record<string, string>>, options: EventStreamOptions) {
    this.secret = options.secret
    this.#options = options
    this.#stream = exchange.stream(
      { ...EVENT_STREAM_HEADERS, ...headers },
      { onDrain: () => this.#events?.onDrain(), onGone: () => this.#gone() },
    )
    this.#stream.write([eventOf(this.secret, { name: "link" }), PADDING])
  }

  /** Starts telling `events` what happens. */
  connect(events: SocketEvents): void {
    this.#events = events
    this.#up = new UpLine(events)
  }

  get up(): UpLine | undefined {
    return this.#closing ? undefined : this.#up
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes
  }

  send(batches: readonly Batch[]): void {
    if (!this.#closing) this.#stream.write(batches.map(eventOfBatch))
  }

  askForDrain(): void {
    this.#stream.askForDrain()
  }

  /** Answered by a POST of frame 0. */
  ping(): void {
    if (!this.#closing) this.#stream.write([PING])
  }

  pause(): void {
    this.#up?.pause()
  }

  resume(): void {
    this.#up?.resume()
  }

  close(code: number, reason: string): void {
    if (this.#closing) return
    this.#closing = true
    this.#code = code
    this.#up?.resume()
    this.#stream.write([closeEvent(code, reason)])
    this.#stream.end()
    this.#options.wheel.watch(this, this.#options.limits.closeMs)
  }

  terminate(): void {
    this.#closing = true
    this.#stream.cut()
  }

  left(): void {
    if (!this.#closing) this.#code = NORMAL
    this.terminate()
  }

  /** The other side had its time to take the close. */
  check(): undefined {
    this.#stream.cut()
    return undefined
  }

  #gone(): void {
    this.#closing = true
    this.#options.wheel.unwatch(this)
    this.#up?.resume()
    this.#options.onGone()
    this.#events?.onClose(this.#code, "")
  }
}
