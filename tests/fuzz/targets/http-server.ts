import { isErrorCode, MagpieError } from "@magpie/protocol"
import { type Answered, type Authenticator, createHttpTransports, type Exchange, type User } from "@magpie/server/core"
import { insist, textTarget } from "../target.ts"
import { UP_WIRES, WIRE_WORDS } from "./corpus.ts"
import { wholeServer } from "./whole-server.ts"

const KEY = "key-of-a-back-end-1"
const backEnd = { id: "shop", api: { may: "everything", channels: "any", users: "any" } }
const auth: Authenticator = {
  authenticate: ({ key, token }) =>
    key === KEY ? { user: backEnd as User } : (key ?? token) === undefined ? { user: undefined } : undefined,
}
const LINK = "0123456789abcdef"
const HELLO = '{"type":"hello","version":1,"producer":"fuzz-1234"}'
/** In place of the secret that a link was told last. */
const SECRET = "$S"
/** Between requests. */
const NEXT = "\n~\n"

const asked = (line: string, body = "", ...headers: string[]): string => [line, ...headers, "", body].join("\n")
const post = (path: string, body: string): string => asked(`POST /magpie/${path}?link=${LINK}`, body)
const said = (number: number, ...wires: readonly string[]): string => post("up", `${SECRET} ${number}\n${wires.join("\n")}`)
const api = (line: string, body = ""): string => asked(line, body, `x-api-key: ${KEY}`, "content-type: application/json")
const [, SUBSCRIBE = "", PUBLISH = ""] = UP_WIRES
const API = "/magpie/api/v1"

const corpus = [
  [post("poll", ""), said(1, HELLO), post("poll", `${SECRET} 0`), said(2, SUBSCRIBE, PUBLISH), post("poll", `${SECRET} 1`)],
  [post("poll", ""), said(1, HELLO), said(1, HELLO), said(3, SUBSCRIBE), said(0, "close")],
  [asked(`GET /magpie/sse?link=${LINK}`), said(1, HELLO), said(2, SUBSCRIBE), said(0)],
  [asked("GET /magpie/sse?channel=chat%2Flobby&last=5", "", "last-event-id: chat%2Flobby=e1:0:", "origin: https://other.example")],
  [asked("GET /magpie/poll?channel=chat%2Flobby&position=chat%252Flobby%3De1:3:k3")],
  [
    post("visit", [HELLO, SUBSCRIBE, PUBLISH].join("\n")),
    asked(`POST /magpie/visit?link=${LINK}&wait`, HELLO),
    asked("OPTIONS /magpie/up"),
  ],
  [
    api(`POST ${API}/publish`, '{"channel":"chat/lobby","name":"say","data":{"text":"你好"}}'),
    api(`GET ${API}/history?channel=chat%2Flobby&limit=5`),
  ],
  [
    api(`POST ${API}/publish/batch`, '{"messages":[{"channel":"chat/lobby","name":"say","data":1,"key":"k"}]}'),
    api(`GET ${API}/connections?limit=1`),
  ],
  [api(`POST ${API}/disconnect`, '{"user":"ann"}'), api(`POST ${API}/revoke`, '{"user":"ann"}'), api(`GET ${API}/openapi.json`)],
].map((requests) => requests.join(NEXT))

/** A whole server without sockets, and the requests that strangers and a back end make of it: each is answered, once, with a status that it has. */
export const httpServer = textTarget({
  name: "http-server",
  share: 2,
  corpus,
  words: [
    ...WIRE_WORDS,
    NEXT,
    `${SECRET} 2\n`,
    SECRET,
    HELLO,
    "/magpie/poll",
    "/magpie/up",
    "/magpie/sse",
    "&wait",
    "&leave",
    `${API}/presence`,
    `x-api-key: ${KEY}\n`,
  ],
  maxLength: 65_536,
  async run(text) {
    const { env, core, options, close } = await wholeServer({ auth, api: {} })
    const http = createHttpTransports({ core, path: "/magpie", origins: options.origins, limits: options.limits, ...env })
    const requests: Answer[] = []
    for (const one of text.split(NEXT).slice(0, 12)) {
      const secret = requests
        .map(({ body }) => /"secret":"([0-9a-f]{32})"|event:link\ndata:([0-9a-f]{32})/.exec(body))
        .findLast((found) => found !== null)
      const request = createRequest(one.replaceAll(SECRET, () => secret?.[1] ?? secret?.[2] ?? SECRET))
      requests.push(request.answer)
      const { exchange } = request
      if (http.owns(exchange.target.split("?")[0] ?? "")) void http.handle(exchange)
      else
        core
          .api?.(exchange)
          .then(exchange.answer, (thrown) => insist(false, `the API answers every request, and does not reject with ${thrown}`))
      await env.clock.settle()
    }
    await env.clock.advance(100)
    await close(options.limits.pollMs + options.limits.closeMs)
    http.close()
    insist(env.clock.pendingTimers === 0 && http.links === 0, "leaves nothing behind")
    return requests.map(outcomeOf).join(" ")
  },
})

interface Answer {
  state: "open" | "streaming" | "answered"
  status: number
  body: string
}

const STATUSES: ReadonlySet<number> = new Set([
  200, 201, 202, 204, 207, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 425, 429, 503, 507,
])

function outcomeOf({ state, status, body }: Answer): string {
  insist(state === "answered", "answers every request by the time it has closed")
  insist(STATUSES.has(status), `answers with a status that it has, not ${status}`)
  if (status < 400) return `accepted ${status}`
  const { code } = JSON.parse(body) as { readonly code: unknown }
  insist(isErrorCode(code) && code !== "INTERNAL", `refuses with a code, not with ${code}`)
  return `${status} ${code}`
}

function createRequest(text: string): { readonly answer: Answer; readonly exchange: Exchange } {
  const end = text.indexOf("\n\n")
  const [line = "", ...heads] = (end < 0 ? text : text.slice(0, end)).split("\n")
  const body = new TextEncoder().encode(end < 0 ? "" : text.slice(end + 2))
  const [method = "", target = ""] = line.split(" ")
  const answer: Answer = { state: "open", status: 0, body: "" }
  const utf8 = new TextDecoder()
  function begin(state: Answer["state"], status: number): void {
    insist(answer.state === "open", "answers a request once")
    Object.assign(answer, { state, status })
  }
  const exchange: Exchange = {
    method,
    target,
    headers: headersOf(heads, body.length),
    address: "192.0.2.1",
    async readBody(maxBytes) {
      if (body.length > maxBytes) throw new MagpieError("TOO_LARGE", "too long")
      return body
    },
    answer({ status, body: given }: Answered) {
      begin("answered", status)
      answer.body = typeof given === "string" ? given : utf8.decode(given)
    },
    stream(_headers, events) {
      begin("streaming", 200)
      function end(): void {
        if (answer.state === "answered") return
        answer.state = "answered"
        events.onGone()
      }
      return {
        queuedBytes: 0,
        write(chunks) {
          insist(answer.state === "streaming", "writes nothing behind the end")
          for (const chunk of chunks) answer.body += utf8.decode(chunk)
        },
        askForDrain: () => events.onDrain(),
        end,
        cut: end,
      }
    },
    onLeft() {},
  }
  return { answer, exchange }
}

function headersOf(lines: readonly string[], length: number): Exchange["headers"] {
  const headers: Record<string, string[]> = Object.create(null)
  headers["content-length"] = [String(length)]
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, Math.max(0, colon)).toLowerCase()
    headers[name] ??= []
    headers[name].push(line.slice(colon + 1).trim())
  }
  return headers
}
