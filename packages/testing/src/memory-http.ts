import type { HttpClient, HttpEvents, HttpRequest } from "@magpie/client/transports"
import { type Clock, MagpieError } from "@magpie/protocol"
import type { AnswerEvents, AnswerStream, Exchange, HttpTransports } from "@magpie/server/core"
import type { Lane } from "./lane.ts"
import type { MemoryLink, Middlebox, Request } from "./memory-network.ts"
import { createStreamPieces, type StreamPieces } from "./stream-pieces.ts"

/** The way that one request takes through the network. */
export interface Way {
  readonly link: MemoryLink
  /** Undefined where nobody answers. */
  readonly server: Pick<HttpTransports, "handle"> | undefined
  /** Neither side uses it any more. */
  closed(): void
}

export interface Ways {
  readonly clock: Clock
  readonly middlebox: Middlebox
  /** Where it is given, the body of each answer is cut by it: in [0, 1). */
  cutting(): (() => number) | undefined
  open(host: string): Way
}

type Visitor = Omit<Request, "plain">

const NORMAL = 1000
const ABNORMAL = 1006
const utf8 = new TextEncoder()
const text = new TextDecoder()

/** HTTP over the in-memory network: each request takes a connection of its own, on which what is sent arrives in order. */
export function memoryHttp(ways: Ways, visitor: Visitor): HttpClient {
  return {
    request(request, events) {
      const { host } = new URL(request.url)
      const way = ways.open(host)
      const { up, down } = way.link
      let given = false
      const isBuffered = (): boolean => ways.middlebox.streams === "buffer"
      const its = guarded(events, () => given)
      const pieces = createStreamPieces({ clock: ways.clock, draw: ways.cutting(), onText: its.onText })
      receive(down, { ...its, pieces, closed: way.closed }, isBuffered)
      const { server } = way
      if (server === undefined) down.abort(ABNORMAL)
      else up.run(() => void server.handle(exchangeOf(request, host, visitor, up, down)))
      return () => {
        given = true
        way.closed()
        up.end(ABNORMAL, "")
        down.abort(ABNORMAL)
      }
    },
  }
}

/** Says nothing to somebody who has given the request up. */
function guarded(events: HttpEvents, isGivenUp: () => boolean): HttpEvents {
  return {
    onHead: (status) => isGivenUp() || events.onHead(status),
    onText: (piece) => isGivenUp() || events.onText(piece),
    onEnd: (complete) => isGivenUp() || events.onEnd(complete),
  }
}

/** What a head looks like among the pieces of a body. */
const HEAD = "\u0000status "

interface Receiver extends Omit<HttpEvents, "onText"> {
  readonly pieces: StreamPieces
  closed(): void
}

function receive(down: Lane, { pieces, closed, onHead, onEnd }: Receiver, isBuffered: () => boolean): void {
  const held: (() => void)[] = []
  const pass = (step: () => void): void => void (isBuffered() ? held.push(step) : step())
  down.onFrame((frame) => {
    const piece = typeof frame === "string" ? frame : text.decode(frame)
    if (piece.startsWith(HEAD)) pass(() => onHead(Number(piece.slice(HEAD.length))))
    else pass(() => pieces.push(piece))
  })
  down.onEnd((code) => {
    closed()
    if (code === NORMAL) {
      for (const step of held.splice(0)) step()
      pieces.end()
    } else pieces.drop()
    onEnd(code === NORMAL)
  })
}

function exchangeOf({ method, url, body = "" }: HttpRequest, host: string, visitor: Visitor, up: Lane, down: Lane): Exchange {
  const { address, origin, token, key, ticket, cookie } = visitor
  const { pathname, search } = new URL(url)
  const bytes = utf8.encode(body)
  const headers: Record<string, readonly string[]> = { host: [host], "user-agent": ["memory"], "content-length": [String(bytes.length)] }
  // A ticket may stand wherever a token may.
  const bearer = ticket ?? token
  if (origin !== undefined) headers.origin = [origin]
  if (bearer !== undefined) headers.authorization = [`Bearer ${bearer}`]
  if (key !== undefined) headers["x-api-key"] = [key]
  if (cookie !== undefined) headers.cookie = cookie.split("; ")
  let left = (): void => {}
  let state: "open" | "answered" | "left" = "open"
  up.onEnd(() => {
    const was = state
    state = "left"
    down.abort(ABNORMAL)
    if (was === "open") left()
  })
  return {
    method,
    target: `${pathname}${search}`,
    headers,
    address,
    async readBody(maxBytes) {
      if (bytes.length > maxBytes) throw new MagpieError("TOO_LARGE", `a body has at most ${maxBytes} bytes`)
      return bytes
    },
    answer({ status, body: given }) {
      if (state !== "open") return
      state = "answered"
      down.send(`${HEAD}${status}`, 0)
      if (given.length > 0) down.send(typeof given === "string" ? given : text.decode(given))
      down.end(NORMAL, "")
    },
    stream(_headers, events) {
      state = "answered"
      down.send(`${HEAD}200`, 0)
      return streamOf(up, down, events)
    },
    onLeft(listener) {
      left = listener
    },
  }
}

function streamOf(up: Lane, down: Lane, events: AnswerEvents): AnswerStream {
  let state: "open" | "ending" | "gone" = "open"
  function gone(): void {
    if (state === "gone") return
    state = "gone"
    events.onGone()
  }
  up.onEnd(() => {
    down.abort(ABNORMAL)
    gone()
  })
  down.onDrained(() => {
    if (state === "open") events.onDrain()
  })
  return {
    get queuedBytes() {
      return down.heldBytes
    },
    write(chunks) {
      if (state !== "open") return
      for (const chunk of chunks) down.send(text.decode(chunk), chunk.length)
    },
    askForDrain() {},
    end() {
      if (state !== "open") return
      state = "ending"
      down.run(() => up.abort(NORMAL))
      down.end(NORMAL, "")
    },
    cut() {
      up.abort(ABNORMAL)
      down.sever(ABNORMAL)
    },
  }
}
