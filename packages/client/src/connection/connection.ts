import {
  CLOSE_CODES,
  type DownMessage,
  type Hello,
  jsonCodec,
  MagpieError,
  PROTOCOL_VERSION,
  type Timer,
  toMagpieError,
  type UpMessage,
  type Welcome,
} from "@magpie/protocol"
import type { ClientEnvironment } from "../environment/environment.ts"
import { randomName } from "../random-name.ts"
import { retryMs } from "../reconnect/backoff.ts"
import type { Schedule } from "../schedule.ts"
import type { Settings } from "../settings.ts"
import type { Counters } from "../statistics.ts"
import type { Status, StatusChange } from "../status.ts"
import type { Credentials } from "./credentials.ts"
import type { LinkEnd } from "./link-end.ts"
import { type LiveLink, openLiveLink } from "./live-link.ts"
import { type ConnectionEvent, nextStatus } from "./next-status.ts"

/** The connection that heals itself: links one after another, under one status. */
export interface Connection {
  readonly status: Status
  /** Tries at once, unless there is an attempt or a link already. */
  start(): void
  /** False where nobody can be told now. Fails with TOO_LARGE and BAD_REQUEST. */
  send(message: UpMessage): boolean
  /** The server answered something: the next failure is a first one again. */
  progressed(): void
  /** Leaves the present link and greets on the next as a new producer. */
  renewProducer(): void
  /** Ends it for good; resolves when the transport has let go of the last link, or after a second. */
  close(): Promise<void>
}

export interface ConnectionEvents {
  onStatus(change: StatusChange): void
  /** `newToken`: other credentials than the link before had. */
  onWelcome(welcome: Welcome, newToken: boolean): void
  /** The link is gone, before the status says so. */
  onLost(cause: MagpieError): void
  onDown(message: DownMessage): void
  onError(error: MagpieError): void
  /** Sends a ping and returns its id. */
  ping(): number
}

export interface ConnectionOptions {
  readonly environment: ClientEnvironment
  readonly schedule: Schedule
  readonly settings: Settings
  readonly credentials: Credentials
  readonly counters: Counters
  readonly events: ConnectionEvents
}

/** So long must a link hold before its welcome counts as progress, in milliseconds. */
const PROVEN_AFTER_MS = 5_000
/** So long may a transport take to confirm the last close, in milliseconds. */
const FAREWELL_MS = 1_000
const CLIENT_NAME = "magpie-js/0.1.0"

/** What the present status holds on to, let go of when it is left. */
type Holding =
  | { readonly holds: "nothing" }
  | { readonly holds: "attempt"; readonly deadline: Timer; readonly link: LiveLink | undefined }
  | { readonly holds: "link"; readonly link: LiveLink; readonly proof: Timer }
  | { readonly holds: "wait"; readonly timer: Timer }

export function createConnection(options: ConnectionOptions): Connection {
  const { environment, schedule, settings, credentials, counters, events } = options
  const { clock, random } = environment
  let status: Status = { state: "idle" }
  let holding: Holding = { holds: "nothing" }
  let failures = 0
  let renewals = 0
  let network = true
  let producer = randomName(random, 16)
  let session: string | undefined
  let lastToken: string | undefined

  /** The only place that changes `status`: leaves the old one's holdings and takes up the new one's. */
  function transition(event: ConnectionEvent, link?: LiveLink): void {
    const from = status
    const next = nextStatus(from, event)
    if (next === from) return
    release(link)
    status = next
    if (next.state === "connecting") attempt()
    else if (next.state === "online" && link) holding = { holds: "link", link, proof: schedule.after(PROVEN_AFTER_MS, progressed) }
    else if (next.state === "reconnecting") holding = { holds: "wait", timer: schedule.after(next.retryAt - clock.now(), start) }
    else if (next.state === "closed") for (const dispose of deafen) dispose()
    const retryInMs = next.state === "reconnecting" ? Math.max(0, next.retryAt - clock.now()) : undefined
    const cause = "cause" in next ? next.cause : undefined
    events.onStatus({ from: from.state, to: next.state, status: next, retryInMs, cause })
  }

  /** Lets go of what the status held; a link other than `kept` is ended. */
  function release(kept?: LiveLink): void {
    const held = holding
    holding = { holds: "nothing" }
    if (held.holds === "wait") held.timer.cancel()
    if (held.holds === "link") held.proof.cancel()
    if (held.holds === "attempt") held.deadline.cancel()
    if ((held.holds === "attempt" || held.holds === "link") && held.link !== kept) held.link?.end(CLOSE_CODES.NORMAL, "")
  }

  function start(): void {
    transition({ type: "try", attempt: failures + 1 })
  }

  function progressed(): void {
    failures = 0
  }

  function attempt(): void {
    const late = (): void => {
      const cause = new MagpieError("TIMEOUT", `no welcome within ${settings.connectTimeoutMs} ms`)
      ended({ next: "retry", cause, retryAfterMs: undefined })
    }
    const mine: Holding = { holds: "attempt", deadline: schedule.after(settings.connectTimeoutMs, late), link: undefined }
    holding = mine
    credentials.current().then(
      (given) => {
        if (holding === mine) holding = { ...mine, link: openLink(given) }
      },
      (thrown) => {
        if (holding !== mine) return
        const cause = toMagpieError(thrown)
        events.onError(cause)
        ended({ next: "retry", cause, retryAfterMs: undefined })
      },
    )
  }

  function openLink(given: { readonly token?: string; readonly key?: string }): LiveLink {
    const hello: Hello = { type: "hello", version: PROTOCOL_VERSION, ...given, session, producer, client: CLIENT_NAME }
    const link = openLiveLink({
      clock,
      schedule,
      transport: settings.transport,
      codec: jsonCodec,
      url: settings.url,
      hello,
      heartbeatMs: settings.heartbeatMs,
      pongTimeoutMs: settings.pongTimeoutMs,
      counters,
      events: {
        onWelcome(welcome) {
          const newToken = given.token !== lastToken
          lastToken = given.token
          renewals = 0
          ;({ session, producer } = welcome)
          transition({ type: "welcomed", since: clock.now(), connection: welcome.connection, user: welcome.user }, link)
          // A listener of the status may have closed the client.
          if (status.state === "online") events.onWelcome(welcome, newToken)
        },
        onDown: events.onDown,
        onEnd: ended,
        onError: events.onError,
        ping: events.ping,
      },
    })
    return link
  }

  function ended(end: LinkEnd): void {
    if (status.state === "online") events.onLost(end.cause)
    if (end.next === "stop" || (end.next === "renew" && (!credentials.renewable || renewals++ > 0))) {
      transition({ type: "closed", cause: end.cause })
      return
    }
    const waitMs = retryMs(settings.backoff, failures++, end.next === "retry" ? end.retryAfterMs : undefined, random.float())
    transition({ type: "lost", cause: end.cause, attempt: failures + 1, retryAt: clock.now() + waitMs, network })
  }

  function probe(): void {
    if (holding.holds === "link") holding.link.probe()
    else if (status.state === "reconnecting" || status.state === "offline") start()
  }

  const deafen = [
    environment.signals.onWake(probe),
    environment.signals.onNetwork((online) => {
      network = online
      if (online || holding.holds === "link") probe()
      else transition({ type: "network-gone", cause: new MagpieError("UNAVAILABLE", "the machine has no network") })
    }),
  ]

  return {
    get status() {
      return status
    },
    start,
    send: (message) => holding.holds === "link" && holding.link.send(message),
    progressed,
    renewProducer() {
      const cause = new MagpieError("EXPIRED", "the server does not know this producer's earlier messages")
      producer = randomName(random, 16)
      ended({ next: "retry", cause, retryAfterMs: undefined })
    },
    close() {
      const link = holding.holds === "link" || holding.holds === "attempt" ? holding.link : undefined
      return new Promise((resolve) => {
        if (link === undefined) resolve()
        else {
          const timer = schedule.after(FAREWELL_MS, resolve)
          link.end(CLOSE_CODES.NORMAL, "", () => {
            timer.cancel()
            resolve()
          })
        }
        transition({ type: "closed", cause: undefined })
      })
    },
  }
}
