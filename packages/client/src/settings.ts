import { type AnyContract, DEFAULT_PATH, MagpieError } from "@magpie/protocol"
import type { ConnectOptions } from "./options.ts"
import type { Backoff } from "./reconnect/backoff.ts"
import type { Transport } from "./transport/transport.ts"

/** Options after the one check at the door, with their defaults filled in. */
export interface Settings {
  readonly url: string
  readonly contract: AnyContract | undefined
  readonly token: string | (() => string | Promise<string>) | undefined
  readonly key: string | undefined
  readonly lazy: boolean
  readonly backoff: Backoff
  readonly heartbeatMs: number | undefined
  readonly pongTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly maxPending: number
  readonly lingerMs: number
  readonly transport: Transport
}

/** Fails with INVALID_OPTIONS naming the field. */
export function checkOptions(url: string, options: ConnectOptions, defaultTransport: Transport): Settings {
  const { token, key, contract, transport = defaultTransport } = options
  if (token !== undefined && typeof token !== "string" && typeof token !== "function") refuse("token", "must be text or a function")
  if (key !== undefined && typeof key !== "string") refuse("key", "must be text")
  if (key !== undefined && token !== undefined) refuse("key", "and token exclude each other")
  if (contract !== undefined && typeof contract?.match !== "function") refuse("contract", "must come from contract({ … })")
  if (typeof transport?.open !== "function") refuse("transport", "must have a method open")
  const backoff = {
    initialMs: number("backoff.initialMs", options.backoff?.initialMs, 500, 1),
    maxMs: number("backoff.maxMs", options.backoff?.maxMs, 20_000, 1),
  }
  if (backoff.maxMs < backoff.initialMs) refuse("backoff.maxMs", "must not be less than backoff.initialMs")
  return {
    url: checkUrl(url),
    contract,
    token,
    key,
    lazy: options.lazy === true,
    backoff,
    heartbeatMs: options.heartbeatMs === undefined ? undefined : number("heartbeatMs", options.heartbeatMs, 0, 1),
    pongTimeoutMs: number("pongTimeoutMs", options.pongTimeoutMs, 5_000, 1),
    connectTimeoutMs: number("connectTimeoutMs", options.connectTimeoutMs, 10_000, 1),
    maxPending: number("maxPending", options.maxPending, 10_000, 1),
    lingerMs: number("lingerMs", options.lingerMs, 1_000, 0),
    transport,
  }
}

function refuse(field: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${field} ${why}`, { details: { field } })
}

function number(field: string, value: unknown, fallback: number, minimum: number): number {
  if (value === undefined) return fallback
  return typeof value === "number" && Number.isFinite(value) && value >= minimum
    ? value
    : refuse(field, `must be a number of at least ${minimum}`)
}

const SOCKET_SCHEMES: Readonly<Record<string, string>> = { "ws:": "ws:", "wss:": "wss:", "http:": "ws:", "https:": "wss:" }

/** An address without a path means the path of Magpie's own protocol; one with a path is taken as it is. */
function checkUrl(url: unknown): string {
  let parsed: URL
  try {
    parsed = new URL(String(url))
  } catch {
    return refuse("url", "must be absolute, as wss://example.org")
  }
  const scheme = SOCKET_SCHEMES[parsed.protocol]
  if (scheme === undefined) refuse("url", "must begin with ws, wss, http or https")
  if (parsed.username || parsed.password) refuse("url", "must not hold credentials: give a token or a key")
  const path = parsed.pathname === "/" ? DEFAULT_PATH : parsed.pathname
  return `${scheme}//${parsed.host}${path}${parsed.search}`
}
