import type { Control } from "@magpie/journal"
import { type Clock, type Crypto, MagpieError, type Random } from "@magpie/protocol"
import { equalInConstantTime, firstOf, toHex } from "../session/session-token.ts"
import type { Credentials, Identity, User } from "./identity.ts"
import { addressKey } from "./occupancy.ts"

export interface TicketOptions<U extends User> {
  /** Who comes in with it, as an authenticator would say it. Travels in the ticket as JSON, which its holder can read. */
  readonly user: U
  /** How long it can be used, in milliseconds. Default 30,000, at most 600,000. */
  readonly expiresInMs?: number
  /** The page that it is for, as its `Origin` header says it. Default: any that may connect. */
  readonly origin?: string
  /** The address that it is for; of an IPv6 address, its network of 64 bits. Default: any. */
  readonly address?: string
  /** How long the connection that it opens may last without a fresh ticket or token, in milliseconds. Default: as long as it likes. */
  readonly connectionMs?: number
  /** What it can be revoked by, beside its user. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Credentials that count once: for browsers, which can set no header and should hold no long-lived token. */
export interface Tickets<U extends User> {
  /**
   * A signed text, to be given in `hello`, beside the subprotocol, or wherever a token may stand. Good for one connection, on
   * any node with the same `sessionKey`. Fails with BAD_REQUEST on options that cannot be, and with UNAVAILABLE until the log
   * is open.
   */
  issue(options: TicketOptions<U>): string
}

/** What the server does with one that comes back. */
export interface TicketOffice<U extends User> extends Tickets<U> {
  /** Undefined where it does not hold, or has been used. Fails with UNAVAILABLE where nobody can tell just now. */
  redeem(ticket: string, from: Pick<Credentials, "address" | "origin">): Promise<Identity<U> | undefined>
}

export interface TicketOfficeOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly control: Pick<Control, "spend" | "spendScope">
  /** What session tokens are signed with, the first, and verified by, all; tickets have keys of their own, made from them. */
  readonly keys: () => readonly Uint8Array[]
  /** The length that a token may have. */
  readonly maxBytes: number
}

const PREFIX = "magpie-ticket."
const LIFE_MS = 30_000
const LONGEST_LIFE_MS = 600_000
const ID_BYTES = 16
const utf8 = new TextEncoder()

/** What a ticket says. Short names, because it stands in a header. */
interface Content {
  readonly i: string
  readonly u: User
  /** Issued at, expires at. */
  readonly a: number
  readonly e: number
  readonly o?: string
  readonly h?: string
  readonly c?: number
  readonly k?: Readonly<Record<string, unknown>>
}

export function isTicket(text: string): boolean {
  return text.startsWith(PREFIX)
}

export function createTicketOffice<U extends User>(options: TicketOfficeOptions): TicketOffice<U> {
  const { clock, random, crypto, control, keys, maxBytes } = options
  const ticketKeys = new WeakMap<Uint8Array, Uint8Array>()

  function ticketKeyOf(key: Uint8Array): Uint8Array {
    const ticketKey = ticketKeys.get(key) ?? crypto.hmacSha256(key, utf8.encode("magpie ticket"))
    ticketKeys.set(key, ticketKey)
    return ticketKey
  }

  /** Bound to the scope in which it can be spent, so that none outlives what remembers that it was used. */
  function sign(content: string, key: Uint8Array): string {
    return toHex(crypto.hmacSha256(ticketKeyOf(key), utf8.encode(`${control.spendScope}\n${content}`)))
  }

  function read(ticket: string): Content | undefined {
    if (!isTicket(ticket) || ticket.length > maxBytes) return undefined
    const [content, signature, more] = ticket.slice(PREFIX.length).split(".", 3)
    if (content === undefined || signature === undefined || more !== undefined) return undefined
    if (!keys().some((key) => equalInConstantTime(signature, sign(content, key)))) return undefined
    // Signed by this server, so it is what `issue` wrote.
    return JSON.parse(decodeBase64(content)) as Content
  }

  return {
    issue({ user, expiresInMs = LIFE_MS, origin, address, connectionMs, claims }) {
      checkLife("expiresInMs", expiresInMs, LONGEST_LIFE_MS)
      if (connectionMs !== undefined) checkLife("connectionMs", connectionMs, Number.MAX_SAFE_INTEGER)
      const now = Math.floor(clock.now())
      const content: Content = {
        i: toHex(random.bytes(ID_BYTES)),
        u: user,
        a: now,
        e: now + expiresInMs,
        ...(origin === undefined ? undefined : { o: origin }),
        ...(address === undefined ? undefined : { h: addressKey(address) }),
        ...(connectionMs === undefined ? undefined : { c: connectionMs }),
        ...(claims === undefined ? undefined : { k: claims }),
      }
      const text = encodeBase64(JSON.stringify(content))
      const ticket = `${PREFIX}${text}.${sign(text, firstOf(keys()))}`
      if (ticket.length <= maxBytes) return ticket
      throw new MagpieError("BAD_REQUEST", "the ticket is longer than a token may be: its user or claims are too large", {
        details: { field: "user", limit: "tokenBytes" },
      })
    },
    async redeem(ticket, from) {
      const content = read(ticket)
      if (content === undefined) return undefined
      const { i, u, a, e, o, h, c, k } = content
      if (e <= clock.now() || (o !== undefined && o !== from.origin) || (h !== undefined && h !== addressKey(from.address)))
        return undefined
      if (!(await control.spend(i, e))) return undefined
      return {
        // What was issued was a U, and JSON is all of it.
        user: u as U,
        issuedAt: a,
        ...(k === undefined ? undefined : { claims: k }),
        ...(c === undefined ? undefined : { expiresAt: clock.now() + c }),
      }
    },
  }
}

function checkLife(field: string, ms: number, most: number): void {
  if (Number.isSafeInteger(ms) && ms >= 1 && ms <= most) return
  throw new MagpieError("BAD_REQUEST", `${field} is not a whole number of milliseconds from 1 to ${most}`, { details: { field } })
}

/** URL-safe and without padding, as in a JWT. */
function encodeBase64(text: string): string {
  const binary = Array.from(utf8.encode(text), (byte) => String.fromCharCode(byte)).join("")
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

function decodeBase64(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)))
}
