import {
  type AnyContract,
  CLOSE_CODES,
  type Clock,
  closeReason,
  type Limits,
  MagpieError,
  parseCloseReason,
  type Random,
  toMagpieError,
} from "@magpie/protocol"
import type { User } from "../access/identity.ts"
import { isCookieOnly, type OriginPolicy } from "../access/origin.ts"
import type { Core } from "../core/server-core.ts"
import { rate } from "../flow/rate.ts"
import { createTimingWheel } from "../flow/timing-wheel.ts"
import { judgeOrigin, preflightHeaders } from "../http/origins.ts"
import { header } from "../http/request.ts"
import { equalInConstantTime, toHex } from "../session/session-token.ts"
import { closeEvent, EVENT_STREAM_HEADERS } from "./event.ts"
import { EventStreamSocket } from "./event-stream-socket.ts"
import type { Exchange } from "./exchange.ts"
import type { HttpLink } from "./http-link.ts"
import { PollSocket, pollAnswer } from "./poll-socket.ts"
import { ReadingPoll, ReadingStream } from "./reading-sockets.ts"
import { errorOfClose, refusalAnswer } from "./refusing.ts"
import { readUpBody, readVisit, type Target, targetOf } from "./requests.ts"
import type { HandshakeCredentials, LinkRequest, Socket, SocketEvents } from "./socket.ts"
import { VisitSocket } from "./visit-socket.ts"

export interface HttpTransportsOptions {
  readonly core: Pick<Core<AnyContract, User>, "knock" | "accept">
  /** The path of Magpie's own protocol, which these are below. */
  readonly path: string
  readonly origins: OriginPolicy
  readonly limits: Limits
  readonly clock: Clock
  readonly random: Random
}

/** The transports for networks on which no WebSocket comes through: event streams with POST, and long polls. */
export interface HttpTransports {
  /** Whether a request to this path, without its query, is one of theirs. */
  owns(path: string): boolean
  /** Answers it, now or later. Never rejects. */
  handle(exchange: Exchange): Promise<void>
  /** Links that are up. */
  readonly links: number
  /** Looks after nobody any more [G12]. */
  close(): void
}

type Headers = Readonly<Record<string, string>>

/** A socket that was let in, before anybody listens to it. */
interface Opening extends Socket {
  connect(events: SocketEvents): void
}

const SECRET_BYTES = 16
const NODE_BYTES = 8
const METHODS = "GET, POST"
const GONE = 410

export function createHttpTransports(options: HttpTransportsOptions): HttpTransports {
  const { core, path, origins, limits, clock, random } = options
  const wheel = createTimingWheel(clock)
  const links = new Map<string, HttpLink>()
  const pollRate = rate(limits.pollsPerSecond, limits.pollsPerSecond * 2)
  const paths = new Set(["sse", "poll", "up", "visit"].map((name) => `${path}/${name}`))
  /** Tells this server from others, so that a client notices that its requests come to several. */
  const node = toHex(random.bytes(NODE_BYTES))
  let reading = 0

  /** The one gate, as for an upgrade; whoever comes through takes up room until `leave`. */
  function admit(
    exchange: Exchange,
    headers: Headers,
    comesBy: "link" | "request",
    open: (leave: () => void) => Opening,
    turnAway: (code: number, reason: string) => void,
  ): void {
    const { address, forwarded = false } = exchange
    // What belongs to a link goes where the link is, so the next server could not serve it.
    const way = comesBy === "link" ? { newLink: forwarded } : { forwarded }
    const cookieOnly = isCookieOnly({
      // It may come in several headers, by HTTP/2 in particular.
      cookie: exchange.headers.cookie?.join("; "),
      authorization: header(exchange, "authorization"),
      key: header(exchange, "x-api-key"),
      site: header(exchange, "sec-fetch-site"),
    })
    const verdict = core.knock({ address, origin: header(exchange, "origin"), host: header(exchange, "host"), cookieOnly, ...way })
    if (verdict.verdict === "turn-away") {
      turnAway(CLOSE_CODES[verdict.close], closeReason(verdict.reason, verdict.retryAfterMs))
    } else if (verdict.verdict === "refuse") {
      const { status, reason, retryAfterMs } = verdict
      exchange.answer(refusalAnswer(new MagpieError(status === 403 ? "FORBIDDEN" : "UNAVAILABLE", reason, { retryAfterMs }), headers))
    } else {
      const socket = open(verdict.leave)
      const request = linkRequestOf(exchange, socket instanceof VisitSocket)
      socket.connect(core.accept(socket, request, credentialsOf(exchange)))
    }
  }

  /** What lets go of a link and of the room that it took up. */
  function forgetting(id: string, leave: () => void): () => void {
    return () => {
      links.delete(id)
      leave()
    }
  }

  function openEvents(exchange: Exchange, id: string, headers: Headers): void {
    const open = (leave: () => void): Opening => {
      const secret = toHex(random.bytes(SECRET_BYTES))
      const socket = new EventStreamSocket(exchange, headers, { secret, limits, wheel, onGone: forgetting(id, leave) })
      links.set(id, socket)
      return socket
    }
    admit(exchange, headers, "link", open, (code, reason) => {
      const stream = exchange.stream({ ...EVENT_STREAM_HEADERS, ...headers }, { onDrain() {}, onGone() {} })
      stream.write([closeEvent(code, reason)])
      stream.end()
    })
  }

  function openPolls(exchange: Exchange, id: string, headers: Headers): void {
    const open = (leave: () => void): Opening => {
      const secret = toHex(random.bytes(SECRET_BYTES))
      const onGone = forgetting(id, leave)
      const socket = new PollSocket({ secret, limits, wheel, monotonic: () => clock.monotonic(), rate: pollRate, onGone })
      links.set(id, socket)
      exchange.answer(pollAnswer(headers, { n: 0, secret, node }))
      return socket
    }
    admit(exchange, headers, "link", open, (code, reason) => exchange.answer(pollAnswer(headers, { n: 0, close: { code, reason } })))
  }

  function read(exchange: Exchange, { name, ...request }: Target, headers: Headers): void {
    const open = (onGone: () => void): Opening => {
      const given = { exchange, headers, request, limits, wheel, defer: (task: () => void) => clock.defer(task), onGone }
      return name === "sse" ? new ReadingStream(given) : new ReadingPoll(given)
    }
    admit(exchange, headers, "request", open, (code, reason) => {
      exchange.answer(refusalAnswer(errorOfClose(code, parseCloseReason(reason)), headers))
    })
  }

  /** A visitor is let in when it has said what it wants, so that nobody takes up room by saying nothing. */
  async function visit(exchange: Exchange, headers: Headers): Promise<void> {
    const request = await reads(() => readVisit(exchange, limits))
    const open = (onGone: () => void): Opening =>
      new VisitSocket({ exchange, headers, request, node, limits, wheel, defer: (task) => clock.defer(task), onGone })
    admit(exchange, headers, "link", open, (code, reason) => exchange.answer(pollAnswer(headers, { n: 0, close: { code, reason } })))
  }

  async function reads<T>(read: () => Promise<T>): Promise<T> {
    if (reading >= limits.postsAtOnce) throw busy("UNAVAILABLE", "postsAtOnce")
    reading += 1
    try {
      return await read()
    } finally {
      reading -= 1
    }
  }

  /** Reads a body whose first line names the secret of a link and a number. */
  async function bodyOf(exchange: Exchange, link: HttpLink): Promise<ReturnType<typeof readUpBody>> {
    if (link.reading >= limits.postsPerLink) throw busy("RATE_LIMITED", "postsPerLink")
    link.reading += 1
    try {
      return await reads(() => readUpBody(exchange, limits))
    } finally {
      link.reading -= 1
    }
  }

  async function post(exchange: Exchange, { name, link: id }: Target, headers: Headers): Promise<void> {
    const link = links.get(id)
    if (link === undefined && name === "poll" && isEmpty(exchange)) return openPolls(exchange, id, headers)
    if (link === undefined) throw unknownLink(node)
    const { secret, number, frame } = await bodyOf(exchange, link)
    // Links come and go while a body is on its way.
    if (links.get(id) !== link || !equalInConstantTime(secret, link.secret)) throw unknownLink(node)
    if (name === "poll") {
      if (!(link instanceof PollSocket)) throw unknownLink(node)
      return link.poll(exchange, headers, number)
    }
    const taken = link.up?.take(number, frame, () => exchange.answer({ status: 204, headers, body: "" }))
    if (taken === undefined) throw unknownLink(node)
    if (taken === "left") return link.left()
    if (taken === "out-of-order") throw new MagpieError("OUT_OF_ORDER", "a frame before this one has not come")
  }

  function route(exchange: Exchange, headers: Headers): void | Promise<void> {
    if (exchange.method === "OPTIONS")
      return exchange.answer({ status: 204, headers: { ...headers, ...preflightHeaders(METHODS) }, body: "" })
    const target = targetOf(exchange, path, limits)
    if (exchange.method === "POST" && target.name === "visit") return visit(exchange, headers)
    if (exchange.method === "POST" && target.channels.length === 0 && target.name !== "sse") return post(exchange, target, headers)
    if (exchange.method !== "GET" || target.name === "up" || target.name === "visit") {
      const allow = { ...headers, Allow: target.name === "sse" ? "GET" : target.name === "poll" ? METHODS : "POST" }
      return exchange.answer(refusalAnswer(new MagpieError("BAD_REQUEST", "this path does not take that method"), allow, 405))
    }
    if (target.channels.length > 0) return read(exchange, target, headers)
    if (target.name === "poll") throw new MagpieError("BAD_REQUEST", "name a channel", { details: { field: "channel" } })
    if (links.has(target.link)) throw new MagpieError("CONFLICT", "this link is there already")
    return openEvents(exchange, target.link, headers)
  }

  return {
    owns: (wanted) => paths.has(wanted),
    get links() {
      return links.size
    },
    close: wheel.close,
    async handle(exchange) {
      const origin = judgeOrigin(origins, exchange)
      try {
        if (!origin.allowed) throw new MagpieError("FORBIDDEN", "pages of this origin may not connect", { details: { header: "origin" } })
        await route(exchange, origin.headers)
      } catch (failure) {
        const error = toMagpieError(failure)
        exchange.answer(refusalAnswer(error, origin.headers, error.code === "CLOSED" ? GONE : undefined))
      }
    },
  }
}

function linkRequestOf(exchange: Exchange, visit: boolean): LinkRequest {
  return {
    address: exchange.address,
    origin: header(exchange, "origin"),
    userAgent: header(exchange, "user-agent")?.slice(0, 256),
    plain: false,
    visit,
  }
}

function credentialsOf(exchange: Exchange): HandshakeCredentials {
  const authorization = header(exchange, "authorization")
  return {
    token: /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1],
    key: header(exchange, "x-api-key"),
  }
}

function isEmpty(exchange: Exchange): boolean {
  return Number(header(exchange, "content-length") ?? 0) === 0 && exchange.headers["transfer-encoding"] === undefined
}

const BUSY_RETRY_MS = 250

function busy(code: "RATE_LIMITED" | "UNAVAILABLE", limit: string): MagpieError {
  return new MagpieError(code, "too many bodies are being read", { retryAfterMs: BUSY_RETRY_MS, details: { limit } })
}

/** Nobody's secret is told apart from a link that is not there. `node`: it may be there on another server. */
function unknownLink(node: string): MagpieError {
  return new MagpieError("CLOSED", "there is no such link", { details: { node } })
}
