import { type DownMessage, type Hello, MagpieError, PROTOCOL_VERSION, toMagpieError, type UpMessage, type Welcome } from "@magpie/protocol"
import type { Context } from "../context.ts"
import { nextLinkNumber } from "../link-number.ts"
import { randomName } from "../random-name.ts"
import type { Status, StatusChange } from "../status.ts"
import type { Credentials, Given } from "./credentials.ts"
import { type LinkEnd, NORMAL } from "./link-end.ts"
import { type LiveLink, openLiveLink } from "./live-link.ts"

/** The connection that heals itself: links one after another, under one status. */
export interface Connection {
  readonly status: Status
  /** The number of the newest link: higher than those of all before it, also of a page before this one. */
  readonly linkNumber: number
  /** Tries at once, unless there is an attempt or a link already. */
  start(): void
  /** After how many milliseconds it leaves; undefined where nobody can be told now. Fails with TOO_LARGE, BAD_REQUEST and RATE_LIMITED. */
  send(message: UpMessage): number | undefined
  /** The server answered something: the next failure is a first one again. */
  progressed(): void
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
  /** Sends a ping and returns its id. */
  ping(): number
}

/** So long must a link hold before its welcome counts as progress, in milliseconds. */
const PROVEN_AFTER_MS = 5_000
/** So long may a transport take to confirm the last close, in milliseconds. */
const FAREWELL_MS = 1_000
const CLIENT_NAME = "magpie-js/0.1.0"

export function createConnection(context: Context, credentials: Credentials, events: ConnectionEvents): Connection {
  const { clock, random, signals, schedule, settings } = context
  /** What the present status waits for: the welcome, the proof that the link holds, the next attempt. */
  const wait = schedule.createWait()
  let status: Status = { state: "idle" }
  let link: LiveLink | undefined
  /** Counts attempts: what an earlier one brings late has no owner. */
  let attempt = 0
  let linkNumber = 0
  let renewals = 0
  let network = true
  let producer = randomName(random, 16)
  let session: string | undefined
  let lastToken: string | undefined

  /** The only place that changes `status`. */
  function transition(next: Status, retryInMs?: number): void {
    const from = status.state
    if (from === "closed") return
    status = next
    const cause = "cause" in next ? next.cause : undefined
    events.onStatus({ from, to: next.state, status: next, retryInMs, cause })
  }

  /** Lets go of the link, of an attempt and of what was waited for. */
  function release(): LiveLink | undefined {
    const released = link
    link = undefined
    attempt++
    wait.cancel()
    return released
  }

  function drop(): void {
    release()?.end(NORMAL, "")
  }

  function start(): void {
    const { state } = status
    if (state === "connecting" || state === "online" || state === "closed") return
    drop()
    const mine = attempt
    wait.after(settings.connectTimeoutMs, () => {
      ended({ next: "retry", cause: new MagpieError("TIMEOUT", `no welcome within ${settings.connectTimeoutMs} ms`) })
    })
    // Without a network, as the machine says, an attempt is not worth a word until it succeeds.
    if (network || state !== "offline") transition({ state: "connecting", attempt: wait.failures + 1 })
    credentials
      .current()
      .then((given) => {
        if (mine === attempt) link = openLink(given)
      })
      .catch((thrown) => {
        if (mine !== attempt) return
        const cause = toMagpieError(thrown)
        context.onError(cause)
        ended({ next: "retry", cause })
      })
  }

  function openLink(given: Given): LiveLink {
    linkNumber = given.link ?? nextLinkNumber(linkNumber, clock)
    const hello: Hello = { type: "hello", version: PROTOCOL_VERSION, session, producer, client: CLIENT_NAME, link: linkNumber, ...given }
    return openLiveLink(context, hello, {
      ...events,
      onWelcome(welcome) {
        const newToken = given.token !== lastToken
        lastToken = given.token
        renewals = 0
        ;({ session, producer } = welcome)
        wait.after(PROVEN_AFTER_MS, progressed)
        // Before the status says so, so that what its listeners send goes behind what has waited.
        events.onWelcome(welcome, newToken)
        transition({ state: "online", since: clock.now(), connection: welcome.connection, user: welcome.user })
      },
      onEnd: ended,
    })
  }

  function progressed(): void {
    wait.failures = 0
  }

  function ended({ next, cause }: LinkEnd): void {
    const wasOnline = status.state === "online"
    drop()
    if (wasOnline) events.onLost(cause)
    if (next === "stop" || (next === "renew" && (!credentials.renewable || renewals++ > 0))) return finish(cause)
    const retryInMs = wait.again(start, cause.retryAfterMs)
    if (network) transition({ state: "reconnecting", attempt: wait.failures + 1, retryAt: clock.now() + retryInMs, cause }, retryInMs)
    else if (status.state !== "offline") transition({ state: "offline", cause })
  }

  function finish(cause: MagpieError | undefined): void {
    for (const dispose of deafen) dispose()
    transition({ state: "closed", cause })
  }

  /** Something may have changed: asks the link, or tries at once. */
  function probe(): void {
    if (status.state === "online") link?.probe()
    else if (status.state !== "idle") start()
  }

  const deafen = [
    signals.onWake(probe),
    signals.onNetwork((online) => {
      network = online
      if (online || status.state === "online") probe()
      else if (status.state === "reconnecting") {
        transition({ state: "offline", cause: new MagpieError("UNAVAILABLE", "the machine has no network") })
      }
    }),
  ]

  return {
    get status() {
      return status
    },
    get linkNumber() {
      return linkNumber
    },
    start,
    send: (message) => link?.send(message),
    progressed,
    close() {
      const leaving = release()
      finish(undefined)
      return new Promise((resolve) => {
        if (leaving === undefined) return resolve()
        schedule.after(FAREWELL_MS, resolve)
        leaving.end(NORMAL, "", resolve)
      })
    },
  }
}
