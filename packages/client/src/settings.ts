import { type AnyContract, type Codec, DEFAULT_PATH } from "@magpie/protocol"
import { badField } from "./bad-field.ts"
import { wireCodec } from "./connection/wire-codec.ts"
import type { ConnectOptions } from "./options.ts"
import type { OutboxStore } from "./outbox/keeper.ts"
import type { Backoff } from "./reconnect/backoff.ts"
import type { Transport } from "./transport/transport.ts"

const BACKOFF = { initialMs: 500, maxMs: 20_000 }
const NUMBERS = {
  /** 0: what the server says in its welcome. */
  heartbeatMs: 0,
  pongTimeoutMs: 5_000,
  connectTimeoutMs: 10_000,
  maxPending: 10_000,
  lingerMs: 1_000,
}

/** Options after the one check at the door, with their defaults filled in. */
export type Settings = typeof NUMBERS & {
  readonly url: string
  readonly contract: AnyContract | undefined
  readonly token: ConnectOptions["token"]
  readonly key: string | undefined
  readonly outbox: OutboxStore | undefined
  readonly backoff: Backoff
  readonly transport: Transport
  readonly codec: Codec
}

/** Fails with INVALID_OPTIONS naming the field. */
export function checkOptions(url: string, options: ConnectOptions, defaultTransport: Transport): Settings {
  const { token, key, contract, outbox, codec = wireCodec, transport = defaultTransport } = options
  check(token === undefined || typeof token === "string" || typeof token === "function", "token", "must be text or a function")
  check(key === undefined || typeof key === "string", "key", "must be text")
  check(key === undefined || token === undefined, "key", "and token exclude each other")
  check(contract === undefined || typeof contract?.match === "function", "contract", "must come from contract({ … })")
  check(outbox === undefined || typeof outbox?.attach === "function", "outbox", "must come from persistent({ … })")
  check(typeof transport?.open === "function", "transport", "must have a method open")
  check(typeof codec?.join === "function", "codec", "must have a method join")
  const backoff = checkNumbers({ ...options.backoff }, BACKOFF, "backoff.")
  check(backoff.maxMs >= backoff.initialMs, "backoff.maxMs", "must not be less than backoff.initialMs")
  return { ...checkNumbers({ ...options }, NUMBERS), url: checkUrl(url), contract, token, key, outbox, backoff, transport, codec }
}

function check(holds: boolean, field: string, rule: string): asserts holds {
  if (!holds) throw badField(field, rule, "INVALID_OPTIONS")
}

/** The defaults, with what was given in their place. */
function checkNumbers<D extends Readonly<Record<string, number>>>(
  given: { readonly [field: string]: unknown },
  defaults: D,
  prefix = "",
): D {
  const numbers: Record<string, number> = { ...defaults }
  for (const field of Object.keys(defaults)) {
    const value = given[field]
    if (value === undefined) continue
    const least = field === "lingerMs" ? 0 : 1
    check(Number.isFinite(value) && Number(value) >= least, prefix + field, `must be a number of at least ${least}`)
    numbers[field] = Number(value)
  }
  return numbers as D
}

/** Of an address in its normal form: what follows the scheme's first letters up to the path, the path, and the query. */
const ADDRESS = /^(?:ws|http)(s?:\/\/[^/@]+)(\/[^?#]*)(\?[^#]*)?/

/** An address without a path means the path of Magpie's own protocol; one with a path is taken as it is. */
function checkUrl(url: unknown): string {
  let href = ""
  try {
    href = new URL(String(url)).href
  } catch {}
  const [, origin, path, search = ""] = ADDRESS.exec(href) ?? []
  check(origin !== undefined, "url", "must be as wss://example.org, without credentials")
  return `ws${origin}${path === "/" ? DEFAULT_PATH : path}${search}`
}
