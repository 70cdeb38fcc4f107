import { STANDING_ID, type Timer } from "@magpie/protocol"
import { createPace } from "../connection/pace.ts"
import { nextLinkNumber } from "../link-number.ts"
import type { Link, LinkEvents } from "../transport/transport.ts"
import type { TransportWorld } from "./http-client.ts"
import { addressOf, LOST, NO_PONG, nameOf } from "./http-link.ts"
import { type Head, readHead } from "./poll-head.ts"
import { createStanding, type Said } from "./standing.ts"
import { createTokenWatch } from "./token-watch.ts"

/** A visit that got no answer is paid again after so long, then after twice as long, so many times. */
const RETRY_MS = 200
const RETRIES = 5
/** What visits repeat leaves at half of a server's rate, and the other half to what the client says. */
const SHARE = 1 / 2
/** After a refusal that may pass and does not say when. */
const LATER_MS = 500
/** What one visit brings beside what stands, in units of text and in lines. */
const MOST_TEXT = 32_768
const MOST_LINES = 128
const LEAVE_MS = 1_000
/** So many visits in a row that the same server answers show that it would keep a link. */
const SAME_SERVER = 30
const SERVICE_RESTART = 1012
const TOKEN_EXPIRED = 4005
const UNAUTHORIZED = 4502
/** After nothing but snapshots, which the next server may give as well. */
const FLOOD_MS = 2_000

interface Visit {
  readonly requests: readonly Said[]
  readonly waits: boolean
  readonly cancel: () => void
}

/**
 * A link that no server keeps: each request brings hello, what the client wants to stand, from where it reads on, and what it asks;
 * its answer holds everything that came of it. Any server may answer any of them; where one answers all, `onSettled` is called and the
 * link ends, for one that is kept.
 */
export function openVisits(url: string, { http, clock, random }: TransportWorld, events: LinkEvents, onSettled = (): void => {}): Link {
  const address = addressOf(url, nameOf({ random }))
  const standing = createStanding()
  let pace = createPace(clock, undefined)
  let hello: Said = {}
  let producer: unknown
  let waiting: Said[] = []
  let current: Visit | undefined
  let state: "up" | "leaving" | "closed" = "up"
  let farewell = { code: LOST, reason: "" }
  let failures = 0
  /** Counts the visits that were planned: an earlier plan is void. */
  let planned = 0
  let timer: Timer | undefined
  let left: Timer | undefined
  let lastNode: string | undefined
  let inARow = 0
  const token = createTokenWatch(clock, (inMs) => events.onMessage(JSON.stringify({ type: "token-expiring", inMs })))

  function closed(code: number, reason: string): void {
    if (state === "closed") return
    state = "closed"
    timer?.cancel()
    left?.cancel()
    token.end()
    current?.cancel()
    clock.defer(() => events.onClose(code, reason))
  }

  /** The next visit, in its time; one that only waits is given up for what there is to say. */
  function come(afterMs = 0): void {
    if (state === "closed" || (current && !current.waits)) return
    current?.cancel()
    giveBack()
    timer?.cancel()
    const mine = ++planned
    const delayMs = Math.max(afterMs, pace.delayMs(standing.size))
    if (delayMs > 0) timer = clock.setTimer(delayMs, visit)
    else clock.defer(() => state !== "closed" && mine === planned && visit())
  }

  function giveBack(): void {
    if (current) waiting = [...current.requests, ...waiting]
    current = undefined
  }

  /** As many of what waits as one visit takes. */
  function take(): readonly Said[] {
    let length = 0
    let count = 0
    while (count < waiting.length && count < MOST_LINES) {
      length += JSON.stringify(waiting[count]).length
      if (count > 0 && length > MOST_TEXT) break
      count++
    }
    const taken = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return taken
  }

  function visit(): void {
    const requests = take()
    const leaves = state === "leaving" && waiting.length === 0
    const waits = requests.length === 0 && producer !== undefined && !leaves
    hello = { ...hello, link: nextLinkNumber(Number(hello.link ?? 0), clock) }
    const lines = [
      JSON.stringify(hello),
      ...(leaves ? standing.farewells() : standing.lines()),
      ...requests.map((request) => JSON.stringify(request)),
    ]
    for (let line = 0; line <= standing.size; line++) pace.take()
    let status = 0
    const pieces: string[] = []
    const cancel = http.request(
      { method: "POST", url: `${address("visit")}${waits ? "&wait" : ""}${leaves ? "&leave" : ""}`, body: lines.join("\n") },
      {
        onHead(given) {
          status = given
        },
        onText: (text) => void pieces.push(text),
        onEnd(complete) {
          const body = complete && status === 200 ? pieces.join("") : ""
          if (leaves) return closed(farewell.code, farewell.reason)
          answered(requests, body, complete ? status : 0)
        },
      },
    )
    current = { requests, waits, cancel }
  }

  function answered(requests: readonly Said[], body: string, status: number): void {
    current = undefined
    const [first = "", ...lines] = body.split("\n")
    const head = status === 200 ? readHead(first) : undefined
    if (head === undefined) return failed(requests, status)
    // Looked at whole before any of it counts: one line that cannot be read, and the answer is as good as none.
    const heard: Said[] = []
    for (const line of lines) {
      const said = read(line)
      if (said === undefined) return failed(requests, 0)
      heard.push(said)
    }
    failures = 0
    const replied = new Set<unknown>()
    const told: string[] = []
    // Servers that know presence by different counts would give a snapshot on every visit.
    let isFlood = true
    let laterMs = 0
    for (const [index, said] of heard.entries()) {
      if (typeof said.id === "number") replied.add(said.id)
      if (said.type === "welcome" && !welcomed(said)) continue
      const accepted = token.accepted(said)
      if (accepted !== undefined) hello = { ...hello, token: accepted }
      // Of a connection that lasts for a visit; of the link it is told here.
      if (said.type === "token-expiring") continue
      // The close says it.
      if (said.type === "error" && said.id === undefined && head.close && producer !== undefined) continue
      if (said.retryable === true && Number(said.id) >= STANDING_ID) laterMs = Math.max(laterMs, Number(said.retryAfterMs ?? LATER_MS))
      const news = standing.heard(said)
      if (news === undefined) continue
      isFlood &&= said.answer === "snapshot"
      told.push(news === said ? (lines[index] ?? "") : JSON.stringify(news))
    }
    // What has no answer yet is asked again.
    waiting = [...requests.filter(({ id }) => id !== undefined && !replied.has(id)), ...waiting]
    if (told.length > 0) events.onMessage(told.join("\n"))
    if (head.close) return ended(head.close)
    if (isSettled(head.node)) {
      onSettled()
      return closed(SERVICE_RESTART, "one server answers;retryAfterMs=0")
    }
    come(isFlood && told.length > 0 ? FLOOD_MS : laterMs)
  }

  function isSettled(node: string | undefined): boolean {
    inARow = node === lastNode ? inARow + 1 : 0
    lastNode = node
    return node !== undefined && inARow >= SAME_SERVER && waiting.length === 0 && state === "up"
  }

  /** A token that was good when the link began, and is shown once too often, has expired. */
  function ended({ code, reason }: NonNullable<Head["close"]>): void {
    if (code === UNAUTHORIZED && token.isOver) closed(TOKEN_EXPIRED, "token expired")
    else closed(code, reason)
  }

  /** Whether the client is to hear of it: only of the first. */
  function welcomed(welcome: Said): boolean {
    const isFirst = producer === undefined
    // Its numbers count from one again, which only a new link is told.
    if (!isFirst && welcome.producer !== producer) closed(LOST, "")
    producer = welcome.producer
    hello = { ...hello, session: welcome.session, producer }
    if (isFirst) {
      token.begin(welcome.tokenExpiresInMs)
      pace = createPace(clock, Number(welcome.messagesPerSecond ?? 0) * SHARE)
    }
    return isFirst
  }

  /** What is of the moment is not repeated, because it may have arrived; everything else may be. */
  function failed(requests: readonly Said[], status: number): void {
    const mayPass = status === 0 || status === 408 || status === 429 || status >= 500
    if (!mayPass || failures >= RETRIES || producer === undefined) return closed(LOST, "")
    waiting = [...requests.filter(({ id }) => id !== undefined), ...waiting]
    come(RETRY_MS * 2 ** failures)
    failures += 1
  }

  function say(said: Said): void {
    if (said.type === "hello") {
      hello = said
      return
    }
    if (said.type === "token") token.offer(said)
    standing.asked(said)
    // Every visit says where it reads on, so that a ping need not.
    const { positions: _positions, ...rest } = said
    waiting.push(said.type === "ping" ? rest : said)
  }

  clock.defer(() => state === "up" && events.onOpen())
  return {
    get bufferedBytes() {
      return waiting.reduce((sum, request) => sum + JSON.stringify(request).length, 0)
    },
    send(frame) {
      if (state !== "up") return
      for (const line of String(frame).split("\n")) say(read(line) ?? {})
      come()
    },
    close(code, reason) {
      if (state !== "up") return
      if (code === NO_PONG || producer === undefined) return closed(code, reason)
      state = "leaving"
      farewell = { code, reason }
      left = clock.setTimer(LEAVE_MS, () => closed(code, reason))
      come()
    },
  }
}

/** Undefined where it is no JSON. */
function read(line: string): Said | undefined {
  try {
    return Object(JSON.parse(line))
  } catch {
    return undefined
  }
}
