import type { Bus } from "@magpie/journal"
import {
  type AnyContract,
  type Crypto,
  DEFAULT_LIMITS,
  type Env,
  jsonServerCodec,
  LIMITS,
  type LimitName,
  type Limits,
  type Log,
  MagpieError,
  type Retention,
  type ServerCodec,
} from "@magpie/protocol"
import { type Changing, createChanging, isSameList, listOf, type OneOrMore } from "./access/changing.ts"
import type { Authenticator, User } from "./access/identity.ts"
import type { OriginPolicy } from "./access/origin.ts"
import type { Audit } from "./commands/audit.ts"
import type { UpdateJoiner } from "./documents/update-joiner.ts"
import type { LoadMeter } from "./flow/overload.ts"
import { SUBPROTOCOL } from "./transports/handshake.ts"

/** What every Magpie server may be told, whatever carries its connections. */
export interface CoreOptions<U extends User = User> {
  /** Who is on the other side: `jwt({ … })`, `apiKeys({ … })`, `anonymous()`, `anyOf(…)`. There is no default: decide. */
  readonly auth: Authenticator<U>
  /** Pages that may connect. Default "same": those of the host that they connect to. */
  readonly origins?: OriginPolicy
  /** Limits that differ from the defaults, by name. */
  readonly limits?: Partial<Limits>
  /** Silence after which the other side is asked for a sign of life, in milliseconds. Default 10,000. */
  readonly heartbeatMs?: number
  /** How long to wait for that sign, in milliseconds. Default 8,000. */
  readonly pongTimeoutMs?: number
  /** How long an expired token still serves, in milliseconds. Default 10,000. */
  readonly tokenGraceMs?: number
  /**
   * Signs session tokens; at least 32 bytes. Default: drawn at start, so that sessions get new names with a restart. Nodes of
   * one log share theirs: else one that still holds a client's old link takes it for somebody else, and what the client had
   * not heard of ends with CONFLICT. Of a list, the first signs and each holds; a function is asked whenever one is needed, and
   * lets keys change without a restart [F87].
   */
  readonly sessionKey?: Changing<OneOrMore<Uint8Array>>
  /** How long sequences and idempotency keys are remembered, in milliseconds; of tables in memory, ten minutes at most. Default 48 hours. */
  readonly deduplicationMs?: number
  /** How long a member of a channel's presence outlives a lost link, in milliseconds. Default 10,000. */
  readonly presenceLeaseMs?: number
  /** Codecs beside JSON that clients may choose: `msgpack()` of `@magpie/msgpack/server`. Default: none. */
  readonly codecs?: readonly ServerCodec[]
  /** The HTTP API. Default: it is there, for users that have rights to it. `false` leaves it out. */
  readonly api?: ApiOptions | false
}

/** The HTTP API for back ends. */
export interface ApiOptions {
  /** What stands before the path of every route. Default `/magpie/api/v1`. */
  readonly prefix?: string
  /** Pages that may use it. Default "same": those of the host that they ask. */
  readonly origins?: OriginPolicy
}

/** Where the HTTP API is, unless the options say otherwise. */
export const DEFAULT_API_PREFIX = "/magpie/api/v1"

/** What the core needs of its surroundings. */
export interface CoreEnvironment extends Env {
  readonly crypto: Crypto
  /** What the server carries. Default: nobody measures, and nothing is shed. */
  readonly load?: LoadMeter
  /** Carries broadcasts, presence and disconnects between the nodes of a cluster; its owner closes it after the core. Default: this is the only node. */
  readonly bus?: Bus
  /** Writes down who calls which command; its owner closes it after the core. Default: nobody does. */
  readonly audit?: Pick<Audit, "step" | "written"> | undefined
  /** Joins the updates of documents; its owner closes it after the core. Default: they stay as they are. */
  readonly joiner?: UpdateJoiner
  /** Memory is used up beyond `memoryHardPercent`: whoever made the core closes it, and then the process ends. */
  readonly onMemoryExhausted?: () => void
}

export interface CheckedOptions {
  readonly auth: Authenticator
  readonly origins: OriginPolicy
  readonly limits: Limits
  readonly heartbeatMs: number
  readonly pongTimeoutMs: number
  readonly tokenGraceMs: number
  /** What signs, the first, and verifies, all; undefined where the server draws one. */
  readonly sessionKeys: ((log?: Log) => readonly Uint8Array[]) | undefined
  readonly deduplicationMs: number
  readonly presenceLeaseMs: number
  readonly api: Required<ApiOptions> | undefined
  /** What may be spoken, by subprotocol; JSON always. */
  readonly codecs: ReadonlyMap<string, ServerCodec>
}

/** A batch or a page of the log fits into it. */
const SMALLEST_QUEUE_BYTES = 131_072
/** One member fits into a message between nodes, however its text is escaped. */
const LONGEST_STATE_BYTES = 32_768
/** So many queues may be full before each must be shorter. */
const FULL_QUEUES = 64

/** Checks the options once. Fails with INVALID_OPTIONS naming the option. */
export function checkOptions<U extends User>(options: CoreOptions<U>): CheckedOptions {
  if (typeof options?.auth?.authenticate !== "function") refuse("auth", "say who may connect: jwt({ … }), apiKeys({ … }) or anonymous()")
  return {
    auth: options.auth,
    origins: checkOrigins("origins", options.origins),
    limits: checkLimits(options.limits ?? {}),
    heartbeatMs: milliseconds("heartbeatMs", options.heartbeatMs ?? 10_000),
    pongTimeoutMs: milliseconds("pongTimeoutMs", options.pongTimeoutMs ?? 8_000),
    tokenGraceMs: options.tokenGraceMs === 0 ? 0 : milliseconds("tokenGraceMs", options.tokenGraceMs ?? 10_000),
    sessionKeys:
      options.sessionKey && createChanging(options.sessionKey, { secret: "sessionKey", read: readSessionKeys, isSame: isSameList }),
    deduplicationMs: milliseconds("deduplicationMs", options.deduplicationMs ?? 48 * 3_600_000),
    presenceLeaseMs: milliseconds("presenceLeaseMs", options.presenceLeaseMs ?? 10_000),
    api: options.api === false ? undefined : checkApi(options.api ?? {}),
    codecs: checkCodecs(options.codecs ?? []),
  }
}

function readSessionKeys(given: OneOrMore<Uint8Array>): readonly Uint8Array[] {
  const keys = listOf(given)
  if (keys.length === 0 || keys.some((key) => !(key?.length >= 32))) refuse("sessionKey", "must have at least 32 bytes")
  return keys
}

function checkOrigins(name: string, origins: OriginPolicy = "same"): OriginPolicy {
  if (origins !== "same" && origins !== "any" && !Array.isArray(origins)) refuse(name, 'must be "same", "any" or a list of origins')
  return origins
}

function checkApi({ prefix = DEFAULT_API_PREFIX, origins }: ApiOptions): Required<ApiOptions> {
  if (!/^(?:\/[\w.~-]+)+$/.test(prefix)) refuse("api.prefix", "must be a path as /magpie/api/v1")
  return { prefix, origins: checkOrigins("api.origins", origins) }
}

function checkCodecs(codecs: readonly ServerCodec[]): ReadonlyMap<string, ServerCodec> {
  const spoken = new Map([[jsonServerCodec.subprotocol, jsonServerCodec]])
  for (const codec of codecs) {
    const { subprotocol, decodeUntrusted } = codec ?? {}
    if (typeof decodeUntrusted !== "function" || !SUBPROTOCOL.test(subprotocol)) refuse("codecs", "must be a list of codecs as msgpack()")
    if (spoken.has(subprotocol)) refuse("codecs", `names ${subprotocol} twice`)
    spoken.set(subprotocol, codec)
  }
  return spoken
}

/** A document is what all its updates make it. */
const KEPT_FOR_EVER = { maxCount: Infinity, maxAgeMs: Infinity }

/** How long each stream of a contract is kept, by pattern. */
export function retentionOf(contract: AnyContract): Readonly<Record<string, Required<Retention>>> {
  const retention: Record<string, Required<Retention>> = {}
  for (const [pattern, kind] of Object.entries(contract.channels))
    if (kind.kind === "stream" || kind.kind === "command") retention[pattern] = kind.retention
    else if (kind.kind === "document") retention[pattern] = KEPT_FOR_EVER
  return retention
}

function checkLimits(given: Partial<Limits>): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(LIMITS, name)) refuse(`limits.${name}`, `is no limit; there are ${Object.keys(LIMITS).join(", ")}`)
    if (typeof value !== "number" || !(value > 0)) refuse(`limits.${name}`, "must be a number above 0")
  }
  const limits: Record<LimitName, number> = { ...DEFAULT_LIMITS, ...given }
  if (limits.queuedBytes < SMALLEST_QUEUE_BYTES) refuse("limits.queuedBytes", `must be at least ${SMALLEST_QUEUE_BYTES}`)
  if (limits.queuedBytesTotal < limits.queuedBytes * FULL_QUEUES)
    refuse("limits.queuedBytesTotal", `must be at least ${FULL_QUEUES} times queuedBytes`)
  if (limits.presenceStateBytes > LONGEST_STATE_BYTES) refuse("limits.presenceStateBytes", `must be at most ${LONGEST_STATE_BYTES}`)
  if (limits.memorySoftPercent > limits.memoryHardPercent) refuse("limits.memorySoftPercent", "must not be above memoryHardPercent")
  return limits
}

function milliseconds(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 1) refuse(name, "must be a number of milliseconds above 0")
  return value
}

function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
