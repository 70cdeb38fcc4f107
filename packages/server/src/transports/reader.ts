import { jsonCodec, MagpieError, type Position } from "@magpie/protocol"
import type { Batch } from "../flow/batch.ts"
import { type Line, linesOf } from "./lines-of-batch.ts"
import type { SocketEvents } from "./socket.ts"

/** What somebody reads who names channels in a URL and says nothing else. */
export interface ReadRequest {
  readonly channels: readonly string[]
  readonly positions: ReadonlyMap<string, Position>
  /** How many of the newest messages come first, on a channel without a position. */
  readonly last: number | undefined
}

export interface ReaderEvents {
  /** Every channel was answered: from here on `onNews` may come. */
  onReady(): void
  /** One message for its reader, and how far the reader is with it. */
  onNews(text: string, positions: ReadonlyMap<string, Position>): void
  /** A channel, or the greeting, was refused before everything was ready. */
  onRefused(error: MagpieError): void
}

const HELLO = JSON.stringify({ type: "hello", version: 1 })
/** What concerns the connection and not its reader. */
const UNTOLD: ReadonlySet<unknown> = new Set(["welcome", "pong", "token-expiring"])

/** Speaks the protocol for somebody who only reads: says hello, subscribes, and keeps the positions. */
export class Reader {
  readonly positions = new Map<string, Position>()
  readonly #request: ReadRequest
  readonly #owner: ReaderEvents
  readonly #defer: (task: () => void) => void
  #events: SocketEvents | undefined
  #unanswered: number
  /** Came before every channel was answered. */
  #early: Line[] = []
  #ended = false

  constructor(request: ReadRequest, owner: ReaderEvents, defer: (task: () => void) => void) {
    this.#request = request
    this.#owner = owner
    this.#defer = defer
    this.#unanswered = request.channels.length
  }

  begin(events: SocketEvents): void {
    this.#events = events
    events.onMessage(HELLO)
  }

  /** Takes what the server says. */
  take(batches: readonly Batch[]): void {
    for (const batch of batches) for (const line of linesOf(batch)) this.#read(line)
  }

  end(): void {
    this.#ended = true
  }

  #read(line: Line): void {
    const { type } = line.value
    if (this.#ended) return
    // Later in the turn: the connection is in the midst of sending.
    if (type === "welcome") this.#defer(() => this.#subscribe())
    if (UNTOLD.has(type)) return
    if (this.#unanswered === 0) return this.#tell(line)
    if (type === "error") return this.#refused(line.value)
    if (type !== "subscribed") return void this.#early.push(line)
    this.#answered(line)
  }

  #subscribe(): void {
    if (this.#ended) return
    const { channels, positions, last } = this.#request
    const lines = channels.map((channel, id) =>
      jsonCodec.encode({ type: "subscribe", id, channel, position: positions.get(channel), last }),
    )
    this.#events?.onMessage(jsonCodec.join(lines))
  }

  #answered(line: Line): void {
    this.#note(line.value)
    this.#early.push(line)
    this.#unanswered -= 1
    if (this.#unanswered > 0) return
    this.#owner.onReady()
    const early = this.#early
    this.#early = []
    for (const one of early) if (!this.#ended) this.#tell(one)
  }

  #tell({ text: said, value }: Line): void {
    this.#note(value)
    // What was asked for and granted is no news.
    if (value.type === "subscribed" && value.answer !== "unrecoverable") return
    this.#owner.onNews(said, this.positions)
  }

  /** How far this brings its reader. */
  #note({ type, channel, offset, mark, position }: Line["value"]): void {
    const name = String(channel)
    if (type === "message" && typeof offset === "number") {
      const epoch = this.positions.get(name)?.epoch ?? ""
      this.positions.set(name, { epoch, offset, mark: mark as string | undefined })
    } else if (position !== undefined) this.positions.set(name, position as Position)
  }

  #refused({ code, message, retryAfterMs, details }: Line["value"]): void {
    this.#ended = true
    this.#owner.onRefused(
      new MagpieError(code as MagpieError["code"], String(message), {
        retryAfterMs: retryAfterMs as number | undefined,
        details: details as Readonly<Record<string, unknown>> | undefined,
      }),
    )
  }
}
