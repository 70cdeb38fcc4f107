import { type ErrorDetails, type Limits, MagpieError, STANDING_ID } from "@magpie/protocol"
import type { Batch } from "../flow/batch.ts"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import type { Exchange } from "./exchange.ts"
import { type Line, linesOf } from "./lines-of-batch.ts"
import { pollAnswer } from "./poll-socket.ts"
import type { Socket, SocketEvents } from "./socket.ts"

export interface VisitOptions {
  readonly exchange: Exchange
  readonly headers: Readonly<Record<string, string>>
  readonly request: VisitRequest
  /** Which server this is. */
  readonly node: string
  readonly limits: Pick<Limits, "pollMs">
  readonly wheel: TimingWheel
  readonly defer: (task: () => void) => void
  readonly onGone: () => void
}

/** What a visitor says: hello, and then the rest, a frame at a time. */
export interface VisitRequest {
  readonly hello: string
  /** Whose numbers its publishes have: under another producer they would be other messages. */
  readonly producer: unknown
  readonly frames: readonly string[]
  /** The ids of its requests, each of which is answered before it leaves. */
  readonly ids: ReadonlySet<number>
  /** Whether it stays until there is news. */
  readonly waits: boolean
  /** It will not come again. */
  readonly leaves: boolean
}

const NORMAL = 1000
const ABNORMAL = 1006
const utf8 = new TextEncoder()

/**
 * A connection that lasts for one request: its visitor brings everything that the connection has to know, and takes with it what
 * was said. Nothing is kept for the next visit, which may be to any server: where it reads on stands in its positions, and what its
 * session holds is held by leases.
 */
export class VisitSocket implements Socket, Watched {
  readonly #options: VisitOptions
  readonly #unanswered: Set<number>
  #events: SocketEvents | undefined
  #texts: string[] = []
  #bytes = 0
  #hasNews = false
  #state: "greeting" | "there" | "leaving" | "gone" = "greeting"
  #scheduled = false

  constructor(options: VisitOptions) {
    this.#options = options
    this.#unanswered = new Set(options.request.ids)
    options.wheel.watch(this, options.limits.pollMs)
  }

  get queuedBytes(): number {
    return this.#bytes
  }

  connect(events: SocketEvents): void {
    this.#events = events
    this.#options.exchange.onLeft(() => this.#gone(ABNORMAL))
    events.onMessage(this.#options.request.hello)
  }

  send(batches: readonly Batch[]): void {
    if (this.#state === "gone" || this.#state === "leaving") return
    for (const batch of batches) {
      this.#bytes += batch.bytes
      for (const line of linesOf(batch)) this.#take(line)
    }
    this.#considerLeaving()
  }

  /** Its request is still there, and will be answered. */
  ping(): void {
    this.#events?.onAlive()
  }

  // What it has to say has been said.
  pause(): void {}
  resume(): void {}

  close(code: number, reason: string): void {
    this.#answer(this.#state === "leaving" ? undefined : { code, reason })
    this.#gone(code)
  }

  terminate(): void {
    this.#answer({ code: ABNORMAL, reason: "" })
    this.#gone(ABNORMAL)
  }

  check(): undefined {
    this.#leave()
    return undefined
  }

  #take({ text, value }: Line): void {
    const { type, id } = value
    this.#texts.push(text)
    if (type === "welcome") {
      this.#state = "there"
      // Later in the turn: the connection is in the midst of sending.
      if (value.producer === this.#options.request.producer || this.#unanswered.size === 0) this.#options.defer(() => this.#speak())
      else this.#options.defer(() => this.#leave())
    } else if (typeof id === "number" && id >= STANDING_ID) {
      this.#unanswered.delete(id)
      if (type === "error" || value.answer === "unrecoverable" || value.answer === "snapshot") this.#hasNews = true
    } else {
      if (typeof id === "number") this.#unanswered.delete(id)
      this.#hasNews = true
    }
  }

  #speak(): void {
    for (const frame of this.#options.request.frames) if (this.#state === "there") this.#events?.onMessage(frame)
    this.#considerLeaving()
  }

  #considerLeaving(): void {
    const isDone = this.#unanswered.size === 0 && (this.#hasNews || !this.#options.request.waits)
    if (this.#state !== "there" || !isDone || this.#scheduled) return
    this.#scheduled = true
    // What else this turn brings comes along.
    this.#options.defer(() => this.#options.defer(() => this.#leave()))
  }

  #leave(): void {
    if (this.#state !== "there" && this.#state !== "greeting") return
    this.#answer(undefined)
    this.#gone(this.#options.request.leaves ? NORMAL : ABNORMAL)
  }

  #answer(close: { readonly code: number; readonly reason: string } | undefined): void {
    if (this.#state === "gone" || this.#state === "leaving") return
    this.#state = "leaving"
    const { exchange, headers, node } = this.#options
    const frames = this.#texts.length === 0 ? [] : [utf8.encode(this.#texts.join("\n"))]
    exchange.answer(pollAnswer(headers, { n: 0, node, ...(close && { close }) }, frames))
    this.#texts = []
  }

  /** Later in the turn, because the connection may be in the midst of sending. */
  #gone(code: number): void {
    if (this.#state === "gone") return
    this.#state = "gone"
    this.#bytes = 0
    this.#options.wheel.unwatch(this)
    this.#options.defer(() => {
      this.#options.onGone()
      this.#events?.onClose(code, "")
    })
  }
}

/** Lines in one frame for the connection; what waits behind a decision is bounded by `pendingRequests`. */
const FRAME_LINES = 128

/**
 * Reads what a visitor brings: messages, one a line, hello first. Nobody was let in yet, so a body that would end its connection is not
 * read to its end. Fails with BAD_REQUEST and TOO_LARGE.
 */
export function parseVisit(
  body: string,
  { waits, leaves }: Pick<VisitRequest, "waits" | "leaves">,
  limits: Pick<Limits, "messageBytes" | "visitMessages" | "badRequests">,
): VisitRequest {
  const [hello = "", ...lines] = body.split("\n", limits.visitMessages + 2)
  if (!hello.startsWith('{"type":"hello"')) throw refused("the first line must be a hello", { field: "body" })
  if (lines.length > limits.visitMessages)
    throw refused(`a visit brings at most ${limits.visitMessages} messages`, { limit: "visitMessages" })
  const ids = idsOf(lines, limits)
  const frames: string[] = []
  for (let from = 0; from < lines.length; from += FRAME_LINES) frames.push(lines.slice(from, from + FRAME_LINES).join("\n"))
  return { hello, producer: read(hello)?.producer, frames, ids, waits, leaves }
}

/** The ids of requests; of a line that cannot be read the connection says so itself, without one. */
function idsOf(lines: readonly string[], { messageBytes, badRequests }: Pick<Limits, "messageBytes" | "badRequests">): ReadonlySet<number> {
  const ids = new Set<number>()
  let malformed = 0
  for (const line of lines) {
    if (line.length > messageBytes)
      throw new MagpieError("TOO_LARGE", `a message has at most ${messageBytes} bytes`, { details: { limit: "messageBytes" } })
    const said = read(line)
    // An error is thrown and caught for each.
    if (said === undefined && ++malformed > badRequests) throw refused("too many messages are malformed", { limit: "badRequests" })
    if (Number.isSafeInteger(said?.id) && Number(said?.id) >= 0) ids.add(Number(said?.id))
  }
  return ids
}

function refused(why: string, details: ErrorDetails): MagpieError {
  return new MagpieError("BAD_REQUEST", why, { details })
}

/** Undefined where it is no JSON. */
function read(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return Object(JSON.parse(line))
  } catch {
    return undefined
  }
}
