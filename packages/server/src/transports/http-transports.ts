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
import type { OriginPolicy } from "../access/origin.ts"
import type { Core } from "../core/core.ts"
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
import { readUpBody, type Target, targetOf } from "./requests.ts"
import type { HandshakeCredentials, LinkRequest, Socket, SocketEvents } from "./socket.ts"

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
const METHODS = "GET, POST"
const GONE = 410

export function createHttpTransports(options: HttpTransportsOptions): HttpTransports {
  const { core, path, origins, limits, clock, random } = options
  const wheel = createTimingWheel(clock)
  const links = new Map<string, HttpLink>()
  const pollRate = rate(limits.pollsPerSecond, limits.pollsPerSecond * 2)
  const paths = new Set(["sse", "poll", "up"].map((name) => `${path}/${name}`))
  let reading = 0

  /** The one gate, as for an upgrade; whoever comes through takes up room until `leave`. */
  function admit(
    exchange: Exchange,
    headers: Headers,
    open: (leave: () => void) => Opening,
    turnAway: (code: number, reason: string) => void,
  ): void {
    const { address } = exchange
    const cookieOnly =
      header(exchange, "cookie") !== undefined &&
      header(exchange, "authorization") === undefined &&
      header(exchange, "sec-fetch-site") !== "same-origin"
    const verdict = core.knock({ address, origin: header(exchange, "origin"), host: header(exchange, "host"), cookieOnly })
    if (verdict.verdict === "turn-away") {
      turnAway(CLOSE_CODES[verdict.close], closeReason(verdict.reason, verdict.retryAfterMs))
    } else if (verdict.verdict === "refuse") {
      const { status, reason, retryAfterMs } = verdict
      exchange.answer(refusalAnswer(new MagpieError(status === 403 ? "FORBIDDEN" : "UNAVAILABLE", reason, { retryAfterMs }), headers))
    } else {
      const socket = open(verdict.leave)
      socket.connect(core.accept(socket, linkRequestOf(exchange), credentialsOf(exchange)))
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
    admit(exchange, headers, open, (code, reason) => {
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
      exchange.answer(pollAnswer(headers, { n: 0, secret }))
      return socket
    }
    admit(exchange, headers, open, (code, reason) => exchange.answer(pollAnswer(headers, { n: 0, close: { code, reason } })))
  }

  function read(exchange: Exchange, { name, ...request }: Target, headers: Headers): void {
    const open = (onGone: () => void): Opening => {
      const given = { exchange, headers, request, limits, wheel, defer: (task: () => void) => clock.defer(task), onGone }
      return name === "sse" ? new ReadingStream(given) : new ReadingPoll(given)
    }
    admit(exchange, headers, open, (code, reason) => {
      exchange.answer(refusalAnswer(errorOfClose(code, parseCloseReason(reason)), headers))
    })
  }

  /** Reads a body whose first line names the secret of a link and a number. */
  async function bodyOf(exchange: Exchange, link: HttpLink): Promise<ReturnType<typeof readUpBody>> {
    if (link.reading >= limits.postsPerLink) throw busy("RATE_LIMITED", "postsPerLink")
    if (reading >= limits.postsAtOnce) throw busy("UNAVAILABLE", "postsAtOnce")
    link.reading += 1
    reading += 1
    try {
      return await readUpBody(exchange, limits)
    } finally {
      link.reading -= 1
      reading -= 1
    }
  }

  async function post(exchange: Exchange, { name, link: id }: Target, headers: Headers): Promise<void> {
    const link = links.get(id)
    if (link === undefined && name === "poll" && isEmpty(exchange)) return openPolls(exchange, id, headers)
    if (link === undefined) throw unknownLink()
    const { secret, number, frame } = await bodyOf(exchange, link)
    // Links come and go while a body is on its way.
    if (links.get(id) !== link || !equalInConstantTime(secret, link.secret)) throw unknownLink()
    if (name === "poll") {
      if (!(link instanceof PollSocket)) throw unknownLink()
      return link.poll(exchange, headers, number)
    }
    const taken = link.up?.take(number, frame, () => exchange.answer({ status: 204, headers, body: "" }))
    if (taken === undefined) throw unknownLink()
    if (taken === "left") return link.left()
    if (taken === "out-of-order") throw new MagpieError("OUT_OF_ORDER", "a frame before this one has not come")
  }

  function route(exchange: Exchange, headers: Headers): void | Promise<void> {
    if (exchange.method === "OPTIONS")
      return exchange.answer({ status: 204, headers: { ...headers, ...preflightHeaders(METHODS) }, body: "" })
    const target = targetOf(exchange, path, limits)
    if (exchange.method === "POST" && target.channels.length === 0 && target.name !== "sse") return post(exchange, target, headers)
    if (exchange.method !== "GET" || target.name === "up") {
      const allow = { ...headers, Allow: target.name === "sse" ? "GET" : target.name === "up" ? "POST" : METHODS }
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

function linkRequestOf(exchange: Exchange): LinkRequest {
  return {
    address: exchange.address,
    origin: header(exchange, "origin"),
    userAgent: header(exchange, "user-agent")?.slice(0, 256),
    plain: false,
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

/** Nobody's secret is told apart from a link that is not there. */
function unknownLink(): MagpieError {
  return new MagpieError("CLOSED", "there is no such link", { details: { link: "unknown" } })
}
