import type { ClientEnvironment } from "@magpie/client"
import { type HttpClient, longPoll, sse, type TransportWorld } from "@magpie/client/transports"
import { fakeMachine } from "@magpie/testing"
import { openVisits } from "../../../packages/client/src/transports/visits.ts"
import { textTarget } from "../target.ts"
import { DOWN_WIRES, WIRE_WORDS } from "./corpus.ts"
import { wholeClient } from "./whole-client.ts"

/** Between answers. */
const NEXT = "\n~\n"
const UP = "up "
const MOST_ANSWERS = 12
/** More of an answer is lost. */
const MOST_PIECES = 100
const SECRET = "00112233445566778899aabbccddeeff"
const NODE = "0011223344556677"
const WELCOME = DOWN_WIRES.find((wire) => wire.includes('"welcome"')) ?? "{}"
const SUBSCRIBED = '{"type":"subscribed","id":3,"channel":"chat/lobby","kind":"stream","answer":"new","position":{"epoch":"e1","offset":0}}'
const PUBLISHED = '{"type":"published","id":4,"position":{"epoch":"e1","offset":1},"level":"disk"}'
const SAID = '{"type":"message","channel":"chat/lobby","name":"say","data":1,"at":1,"offset":1,"mark":"a"}'

const head = (n: number, more: object = {}): string => JSON.stringify({ n, ...more })
const event = (data: string, name?: string): string =>
  `${name === undefined ? "" : `event:${name}\n`}data:${data.replaceAll("\n", "\ndata:")}\n\n`
const CLOSE = { code: 1012, reason: "restart;retryAfterMs=5" }

/** The kind of link, then what is answered, in the order of the requests: a status and a body. Behind `up` it is for what goes up. */
const corpus = [
  [
    "sse",
    `200 ${event(SECRET, "link")}${event(WELCOME)}${event("", "ping")}${event(`${SUBSCRIBED}\n${PUBLISHED}`)}${event(SAID)}${event(JSON.stringify(CLOSE), "close")}`,
  ],
  [
    "sse",
    `200 ${event(SECRET, "link")}${event(`${WELCOME}\n${SUBSCRIBED}`)}`,
    "up 204 ",
    `up 410 {"code":"CLOSED","details":{"node":"${NODE}"}}`,
  ],
  [
    "long-poll",
    ...[
      `200 ${head(0, { secret: SECRET, node: NODE })}`,
      `200 ${head(1)}\n${WELCOME}`,
      "503 ",
      `200 ${head(2)}\n${SUBSCRIBED}\n${PUBLISHED}\n${SAID}`,
    ],
  ],
  ["long-poll", `200 ${head(0, { secret: SECRET })}`, `200 ${head(1, { close: CLOSE })}\n${WELCOME}`, `200 ${head(1, { replaced: true })}`],
  [
    "long-poll",
    ...[
      `200 ${head(0, { secret: SECRET, node: NODE })}`,
      '410 {"code":"CLOSED","details":{"node":"ffff"}}',
      `200 ${head(0, { node: NODE })}\n${WELCOME}`,
    ],
  ],
  [
    "visits",
    `200 ${head(0, { node: NODE })}\n${WELCOME}\n${SUBSCRIBED}`,
    `200 ${head(0, { node: "ff" })}\n${WELCOME}\n${SUBSCRIBED}\n${PUBLISHED}\n${SAID}`,
  ],
  ["visits", `200 ${head(0, { close: CLOSE })}`, "503 ", `200 ${head(0)}\n${WELCOME}`],
].map((lines) => lines.join(NEXT))

/** A whole client on a link over HTTP, and what a server, or a proxy before it, answers: the client goes on, or says why not. */
export const clientLinks = textTarget({
  name: "client-links",
  share: 2,
  corpus,
  words: [
    ...WIRE_WORDS,
    NEXT,
    "sse",
    "visits",
    "long-poll",
    "200 ",
    "204 ",
    "410 ",
    "503 ",
    '{"n":',
    '"close":{"code":',
    "event:close\ndata:",
    "\n\n",
    WELCOME,
  ],
  maxLength: 131_072,
  run(text) {
    const [kind = "", ...answers] = text.split(NEXT, MOST_ANSWERS)
    const machine = fakeMachine({ seed: 1 })
    const { clock } = machine
    const world: TransportWorld = { ...machine, http: scripted(clock, answers) }
    const environment: ClientEnvironment = { ...machine, transport: transportOf(kind, world) }
    return wholeClient(machine, environment, { heard: "accepted", talk: () => clock.advance(5_000), closesWithinMs: 5_000 })
  },
})

function transportOf(kind: string, world: TransportWorld): ClientEnvironment["transport"] {
  if (kind === "sse") return sse(world)
  return kind === "visits" ? { open: (url, _protocols, events) => openVisits(url, world, events) } : longPoll(world)
}

const STEP_MS = 20

/** Answers requests one after the other, an event at a time; what comes behind the last answer waits for ever. */
function scripted(clock: ReturnType<typeof fakeMachine>["clock"], answers: readonly string[]): HttpClient {
  const ups = answers.filter((answer) => answer.startsWith(UP)).map((answer) => answer.slice(UP.length))
  const downs = answers.filter((answer) => !answer.startsWith(UP))
  return {
    request({ url }, { onHead, onText, onEnd }) {
      const answer = new URL(url).pathname.endsWith("/up") ? (ups.shift() ?? "204 ") : downs.shift()
      const [, status = "", body = ""] = /^(\d{0,4}) ?([\s\S]*)$/.exec(answer ?? "") ?? []
      const pieces = body.split(/(?<=\n\n)/, MOST_PIECES).map((piece) => () => onText(piece))
      const steps = answer === undefined ? [] : [() => onHead(Number(status)), ...pieces, () => onEnd(status !== "")]
      let timer = clock.setTimer(STEP_MS, go)
      function go(): void {
        steps.shift()?.()
        if (steps.length > 0) timer = clock.setTimer(STEP_MS, go)
      }
      return () => {
        steps.length = 0
        timer.cancel()
      }
    },
  }
}
