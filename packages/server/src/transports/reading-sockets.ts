import { type Limits, MagpieError, parseCloseReason, toMagpieError } from "@magpie/protocol"
import type { Batch } from "../flow/batch.ts"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import { COMMENT, closeEvent, EVENT_STREAM_HEADERS, eventOf, PADDING } from "./event.ts"
import type { AnswerStream, Exchange } from "./exchange.ts"
import { encodeVector } from "./position-vector.ts"
import { Reader, type ReadRequest } from "./reader.ts"
import { errorOfClose, jsonAnswer, refusalAnswer } from "./refusing.ts"
import type { Socket, SocketEvents } from "./socket.ts"

export interface ReadingOptions {
  readonly exchange: Exchange
  readonly headers: Readonly<Record<string, string>>
  readonly request: ReadRequest
  readonly limits: Pick<Limits, "pollMs" | "closeMs">
  readonly wheel: TimingWheel
  readonly defer: (task: () => void) => void
  readonly onGone: () => void
}

const NORMAL = 1000
const ABNORMAL = 1006
/** What an EventSource waits before it comes back, unless it is told otherwise. */
const RETRY_MS = 1_000

/** What both ways of reading have in common: the life of the one request behind them. */
abstract class ReadingSocket implements Socket, Watched {
  protected readonly options: ReadingOptions
  protected readonly reader: Reader
  protected events: SocketEvents | undefined
  protected state: "opening" | "ready" | "ended" = "opening"
  abstract readonly queuedBytes: number

  constructor(options: ReadingOptions) {
    this.options = options
    this.reader = new Reader(
      options.request,
      {
        onReady: () => this.ready(),
        onNews: (text) => this.news(text),
        onRefused: (error) => this.refuse(error),
      },
      options.defer,
    )
  }

  connect(events: SocketEvents): void {
    this.events = events
    this.options.exchange.onLeft(() => this.gone(ABNORMAL))
    this.reader.begin(events)
  }

  send(batches: readonly Batch[]): void {
    try {
      this.reader.take(batches)
    } catch (failure) {
      this.refuse(toMagpieError(failure))
    }
  }

  // Who only reads says nothing more that could be held back.
  pause(): void {}
  resume(): void {}

  close(code: number, reason: string): void {
    if (this.state === "opening") this.refuse(errorOfClose(code, parseCloseReason(reason)))
    else if (this.state === "ready") this.finish(code, reason)
  }

  /** Refused before anything was said: the status tells. */
  protected refuse(error: MagpieError): void {
    if (this.state !== "opening") return this.terminate()
    this.options.exchange.answer(refusalAnswer(error, this.options.headers))
    this.gone(NORMAL)
  }

  /** The link has gone. Later in the turn, because the connection may be in the midst of sending. */
  protected gone(code: number): void {
    if (this.state === "ended") return
    this.state = "ended"
    this.reader.end()
    this.options.wheel.unwatch(this)
    this.options.defer(() => {
      this.options.onGone()
      this.events?.onClose(code, "")
    })
  }

  abstract ping(): void
  abstract terminate(): void
  abstract check(nowMs: number): number | undefined
  protected abstract ready(): void
  protected abstract news(text: string): void
  protected abstract finish(code: number, reason: string): void
}

/** An event stream for whoever named channels in its URL: each message an event, whose id says how far its reader is. */
export class ReadingStream extends ReadingSocket {
  #stream: AnswerStream | undefined
  #code = ABNORMAL

  get queuedBytes(): number {
    return this.#stream?.queuedBytes ?? 0
  }

  askForDrain(): void {
    this.#stream?.askForDrain()
  }

  /** Nothing answers a comment: what the network takes counts as a sign of life. */
  ping(): void {
    this.#stream?.write([COMMENT])
    if (this.queuedBytes === 0) this.events?.onAlive()
    else this.askForDrain()
  }

  terminate(): void {
    if (this.#stream === undefined) this.gone(ABNORMAL)
    else this.#stream.cut()
  }

  check(): undefined {
    this.#stream?.cut()
    return undefined
  }

  protected ready(): void {
    this.state = "ready"
    this.#stream = this.options.exchange.stream(
      { ...EVENT_STREAM_HEADERS, ...this.options.headers },
      { onDrain: () => this.events?.onDrain(), onGone: () => this.gone(this.#code) },
    )
    // The padding first, and the place where reading begins, so that whoever hears nothing comes back to it all the same.
    this.#stream.write([PADDING, eventOf("", { name: "ready", id: encodeVector(this.reader.positions) }), RETRY])
  }

  protected news(text: string): void {
    this.#stream?.write([eventOf(text, { id: encodeVector(this.reader.positions) })])
  }

  protected finish(code: number, reason: string): void {
    this.#code = code
    this.reader.end()
    this.#stream?.write([closeEvent(code, reason)])
    this.#stream?.end()
    this.options.wheel.watch(this, this.options.limits.closeMs)
  }
}

const RETRY = new TextEncoder().encode(`retry:${RETRY_MS}\n\n`)

/** One poll for whoever named channels and positions in its URL: answered with the first news, or without any after a while. */
export class ReadingPoll extends ReadingSocket {
  #texts: string[] = []
  #scheduled = false

  get queuedBytes(): number {
    return this.#texts.reduce((sum, text) => sum + text.length, 0)
  }

  /** Its request is still there, and will be answered. */
  ping(): void {
    this.events?.onAlive()
  }

  terminate(): void {
    if (this.state === "ended") return
    if (this.state === "opening") return this.refuse(new MagpieError("UNAVAILABLE", "the server cannot go on with this"))
    this.#answer()
  }

  check(): undefined {
    this.#answer()
    return undefined
  }

  protected ready(): void {
    this.state = "ready"
    this.options.wheel.watch(this, this.options.limits.pollMs)
  }

  protected news(text: string): void {
    this.#texts.push(text)
    if (this.#scheduled) return
    this.#scheduled = true
    this.options.defer(() => this.#answer())
  }

  protected finish(): void {
    this.#answer()
  }

  #answer(): void {
    if (this.state !== "ready") return
    const position = encodeVector(this.reader.positions)
    const body = `{"messages":[${this.#texts.join(",")}],"position":${JSON.stringify(position)}}\n`
    this.options.exchange.answer(jsonAnswer(200, body, this.options.headers))
    this.gone(NORMAL)
  }
}
