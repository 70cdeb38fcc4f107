import { SUBPROTOCOL_JSON, SUBPROTOCOL_TICKET_PREFIX, SUBPROTOCOL_TOKEN_PREFIX } from "@magpie/protocol"

/** The parts of an upgrade request that decide whether it is a WebSocket handshake (RFC 6455 section 4.2.1). */
export interface HandshakeRequest {
  readonly method: string
  /** Header names in lower case with every value that came, so that a doubled header is seen. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
}

export type HandshakeVerdict =
  | {
      readonly ok: true
      readonly subprotocol: string | undefined
      readonly token: string | undefined
      readonly ticket: string | undefined
    }
  | { readonly ok: false; readonly status: 400 | 405 | 426; readonly reason: string; readonly headers: Readonly<Record<string, string>> }

const KEY = /^[+/0-9A-Za-z]{22}==$/
/** A token of RFC 7230; one character class, so that no input makes it slow [F5]. */
const PROTOCOL_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const MAX_PROTOCOLS = 16
const MAX_PROTOCOL_HEADER = 16_384
const MAX_EXTENSION_HEADER = 4_096

/** A subprotocol of Magpie's, of whatever version and codec. */
export const SUBPROTOCOL = /^magpie\.v\d{1,4}\.[a-z]{1,32}$/
const ONLY_JSON: ReadonlySet<string> = new Set([SUBPROTOCOL_JSON])

/**
 * Looks at a handshake before anything else is done for it [F1–F6]. Without any subprotocol the client is a plain one. One of
 * Magpie's that is not `spoken` is let through, since a browser is only told why by a close.
 */
export function checkHandshake({ method, headers }: HandshakeRequest, spoken: ReadonlySet<string> = ONLY_JSON): HandshakeVerdict {
  if (method !== "GET") return refuse(405, "a WebSocket handshake is a GET", { Allow: "GET" })
  const [upgrade] = headers.upgrade ?? []
  if (upgrade?.toLowerCase() !== "websocket") return refuse(400, "Upgrade must be websocket")
  if (only(headers["sec-websocket-version"]) !== "13")
    return refuse(426, "Sec-WebSocket-Version must be 13", { "Sec-WebSocket-Version": "13" })
  const key = only(headers["sec-websocket-key"])
  if (key === undefined || !KEY.test(key)) return refuse(400, "Sec-WebSocket-Key must be 16 bytes of base64, once")
  if ((headers["sec-websocket-extensions"]?.join(",").length ?? 0) > MAX_EXTENSION_HEADER)
    return refuse(400, "Sec-WebSocket-Extensions is too long")
  return readProtocols(headers["sec-websocket-protocol"]?.join(","), spoken)
}

/** The first that is spoken, else the first that is Magpie's. */
export function chooseSubprotocol(offered: readonly string[], spoken: ReadonlySet<string>): string | undefined {
  return offered.find((entry) => spoken.has(entry)) ?? offered.find((entry) => SUBPROTOCOL.test(entry))
}

function readProtocols(header: string | undefined, spoken: ReadonlySet<string>): HandshakeVerdict {
  if (header === undefined) return { ok: true, subprotocol: undefined, token: undefined, ticket: undefined }
  if (header.length > MAX_PROTOCOL_HEADER) return refuse(400, "Sec-WebSocket-Protocol is too long")
  const offered = header.split(",", MAX_PROTOCOLS + 1).map((entry) => entry.trim())
  if (offered.length > MAX_PROTOCOLS || !offered.every((entry) => PROTOCOL_TOKEN.test(entry))) {
    return refuse(400, "Sec-WebSocket-Protocol is malformed")
  }
  const carried = (prefix: string): string | undefined => offered.find((entry) => entry.startsWith(prefix))?.slice(prefix.length)
  const subprotocol = chooseSubprotocol(offered, spoken)
  if (subprotocol === undefined) return refuse(400, `this server speaks ${[...spoken].join(", ")}`)
  return {
    ok: true,
    subprotocol,
    token: carried(SUBPROTOCOL_TOKEN_PREFIX),
    ticket: carried(SUBPROTOCOL_TICKET_PREFIX),
  }
}

function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined
}

function refuse(status: 400 | 405 | 426, reason: string, headers: Readonly<Record<string, string>> = {}): HandshakeVerdict {
  return { ok: false, status, reason, headers }
}
