import { SUBPROTOCOL_JSON, SUBPROTOCOL_TOKEN_PREFIX } from "@magpie/protocol"
import { clientAddress } from "../../../packages/server/src/access/client-address.ts"
import { addressKey } from "../../../packages/server/src/access/occupancy.ts"
import { originAllowed } from "../../../packages/server/src/access/origin.ts"
import { checkHandshake, SUBPROTOCOL } from "../../../packages/server/src/transports/handshake.ts"
import { insist, textTarget } from "../target.ts"

const GOOD = [
  "upgrade: websocket",
  "connection: Upgrade",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "host: example.org",
]

const corpus = [
  ["GET", ...GOOD],
  ["GET", ...GOOD, `sec-websocket-protocol: ${SUBPROTOCOL_JSON}`, "origin: https://example.org"],
  ["GET", ...GOOD, `sec-websocket-protocol: ${SUBPROTOCOL_JSON}, ${SUBPROTOCOL_TOKEN_PREFIX}eyJ.a.b`],
  ["GET", ...GOOD, "sec-websocket-extensions: permessage-deflate; client_max_window_bits", "x-forwarded-for: 192.0.2.1, 10.0.0.1"],
  ["GET", ...GOOD, "x-forwarded-for: 2001:db8::1, ::ffff:10.0.0.1", "origin: http://example.org"],
  ["POST", ...GOOD],
].map((lines) => lines.join("\n"))

/** The header section of an upgrade request: the handshake, the page that it comes from, the address behind proxies. */
export const handshake = textTarget({
  name: "handshake",
  share: 24,
  corpus,
  words: [...GOOD, "sec-websocket-protocol: ", "sec-websocket-key: ", SUBPROTOCOL_JSON, SUBPROTOCOL_TOKEN_PREFIX, ", ", "::", "::ffff:"],
  maxLength: 32_768,
  run(text) {
    const request = requestOf(text)
    return [handshakeOf(request), originOf(request), addressOf(request)].join(" | ")
  },
})

interface Request {
  readonly method: string
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
}

/** As Node gives it: names in lower case, every value that came. */
function requestOf(text: string): Request {
  const [method = "", ...lines] = text.split("\n")
  const headers: Record<string, string[]> = Object.create(null)
  for (const line of lines) {
    const colon = line.indexOf(":")
    const name = line.slice(0, Math.max(0, colon)).toLowerCase()
    headers[name] ??= []
    headers[name].push(line.slice(colon + 1).trim())
  }
  return { method, headers }
}

function handshakeOf(request: Request): string {
  const verdict = checkHandshake(request)
  if (!verdict.ok) {
    insist([400, 405, 426].includes(verdict.status), "refuses with one of its three statuses")
    const written = [verdict.reason, ...Object.entries(verdict.headers).flat()].join("")
    insist(/^[\x20-\x7e]*$/.test(written), "writes nothing of a stranger's into an answer")
    return `refused ${verdict.status}`
  }
  insist(request.method === "GET", "takes a GET only")
  insist(verdict.subprotocol === undefined || SUBPROTOCOL.test(verdict.subprotocol), "chooses a subprotocol of Magpie's")
  insist(verdict.token === undefined || verdict.subprotocol !== undefined, "takes a token from a subprotocol's list only")
  return `accepted ${verdict.subprotocol} ${verdict.token}`
}

function originOf({ headers }: Request): string {
  const origin = headers.origin?.[0]
  const host = headers.host?.[0]
  const same = originAllowed("same", { origin, host, cookieOnly: true })
  insist(!same || origin?.endsWith(`//${host}`) === true, "lets pages of the own host in, and no others")
  const listed = originAllowed(["https://example.org"], { origin, host, cookieOnly: false })
  insist(!listed || origin === undefined || origin === "https://example.org", "compares origins exactly")
  return `${same} ${listed}`
}

const TRUSTED: ReadonlySet<string> = new Set(["10.0.0.1"])

function addressOf({ headers }: Request): string {
  const forwarded = headers["x-forwarded-for"]?.join(",")
  const address = clientAddress("10.0.0.1", forwarded, TRUSTED)
  insist(address.length <= 64, "counts by an address that is short")
  insist(clientAddress("198.51.100.1", forwarded, TRUSTED) === "198.51.100.1", "believes no proxy that was not named")
  const key = addressKey(address)
  insist(key.length <= address.length + 16, "counts by a key that is short")
  return key
}
