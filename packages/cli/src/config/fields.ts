import { LIMITS } from "@magpie/protocol"
import { DEFAULT_API_PREFIX } from "@magpie/server"
import type { Config } from "../config.ts"
import { isObject, keyBytes, origins, path, someFunction, someObject, someText, texts, type ValueKind, wholeNumber } from "./value-kinds.ts"

/** One field of a configuration: what it is, and what may stand in its place. */
export interface Field {
  readonly kind: ValueKind
  readonly required?: true
  /** What holds where it is left out, in words. */
  readonly fallback?: string
  /** Environment variables that go before it, the first first. */
  readonly env?: readonly string[]
  readonly about: string
  /** The fields of an object, where they are known. */
  readonly fields?: Readonly<Record<string, Field>>
}

const contract: ValueKind = { words: "what contract({ … }) gives", holds: (value) => isObject(value) && typeof value.match === "function" }
const authenticator: ValueKind = {
  words: "who may connect: jwt({ … }), apiKeys({ … }) or anonymous()",
  holds: (value) => isObject(value) && typeof value.authenticate === "function",
}
const broker: ValueKind = {
  words: "what an adapter's factory gives, as redis({ … }) does",
  holds: (value) => isObject(value) && typeof value.openJournal === "function",
}
const snapshotStore: ValueKind = {
  words: "a store of snapshots",
  holds: (value) => isObject(value) && typeof value.put === "function",
}
const auditLog: ValueKind = {
  words: "an audit, as auditFile({ directory })",
  holds: (value) => isObject(value) && typeof value.open === "function" && typeof value.write === "function",
}
const pem: ValueKind = { words: "text or bytes in PEM", holds: (value) => typeof value === "string" || value instanceof Uint8Array }
const tlsPair: ValueKind = {
  words: "an object with certFile and keyFile, or with cert and key",
  holds: (value) => isObject(value) && (both(value, "certFile", "keyFile") || both(value, "cert", "key")),
}
const both = (value: Readonly<Record<string, unknown>>, one: string, other: string): boolean =>
  value[one] !== undefined && value[other] !== undefined
const codecList: ValueKind = {
  words: "a list of codecs, as [msgpack()]",
  holds: (value) => Array.isArray(value) && value.every((codec) => isObject(codec) && typeof codec.decodeUntrusted === "function"),
}
const objectOrFalse: ValueKind = { words: "an object, or false", holds: (value) => value === false || isObject(value) }
const milliseconds = wholeNumber(1)

/** The variable that sets a limit: `MAGPIE_LIMIT_MESSAGE_BYTES` of `messageBytes`. */
export function limitVariable(name: string): string {
  return `MAGPIE_LIMIT_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

const limits: Readonly<Record<string, Field>> = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { value, about }]) => [
    name,
    {
      kind: { words: "a number above 0", holds: isAboveZero, read: readAboveZero },
      fallback: value.toLocaleString("en"),
      env: [limitVariable(name)],
      about,
    },
  ]),
)

function isAboveZero(value: unknown): boolean {
  return typeof value === "number" && value > 0
}

function readAboveZero(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 ? Number(text) : undefined
}

/** Everything that `magpie.config.ts` may say. Checks, environment and docs/config.md are made from it. */
export const FIELDS = {
  contract: { kind: contract, required: true, about: "the channels, shared with the clients" },
  auth: { kind: authenticator, required: true, about: "who is on the other side" },
  channels: { kind: someObject, required: true, about: "the rules of each pattern of the contract: authorize, accept, rate, overflow" },
  port: { kind: wholeNumber(0, 65_535), fallback: "8080", env: ["MAGPIE_PORT", "PORT"], about: "where it listens; 0 takes a free port" },
  host: { kind: someText, fallback: "all addresses", env: ["MAGPIE_HOST"], about: "the address that it listens on" },
  data: { kind: someText, fallback: "data", env: ["MAGPIE_DATA"], about: "where streams are kept, relative to the working directory" },
  static: { kind: someText, env: ["MAGPIE_STATIC"], about: "a directory of pages, relative to the configuration" },
  endpoints: { kind: someObject, fallback: "the guide's echo at /", about: "plain WebSocket endpoints by path; false leaves a path free" },
  tls: {
    kind: tlsPair,
    about: "serves https and wss",
    fields: {
      certFile: {
        kind: someText,
        env: ["MAGPIE_TLS_CERT"],
        about: "a file with the certificate chain in PEM, looked at again while it serves",
      },
      keyFile: { kind: someText, env: ["MAGPIE_TLS_KEY"], about: "a file with its private key in PEM" },
      cert: { kind: pem, about: "the certificate chain itself, instead" },
      key: { kind: pem, about: "its private key" },
      checkEveryMs: { kind: milliseconds, fallback: "10,000", about: "how often the files are looked at" },
      expiryWarningMs: { kind: milliseconds, fallback: "1,209,600,000 (14 days)", about: "how long before its end the log says so" },
    },
  },
  origins: {
    kind: origins,
    fallback: '"same"',
    env: ["MAGPIE_ORIGINS"],
    about: "pages that may connect: those of the server's own host, all, or these",
  },
  trustedProxies: {
    kind: texts,
    fallback: "none",
    env: ["MAGPIE_TRUSTED_PROXIES"],
    about: "addresses of proxies whose X-Forwarded-For is believed, and ranges as 10.0.0.0/8",
  },
  path: { kind: path, fallback: "/magpie", env: ["MAGPIE_PATH"], about: "where Magpie's own protocol is spoken" },
  api: {
    kind: objectOrFalse,
    fallback: "there, for users with rights to it",
    about: "the HTTP API; false leaves it out",
    fields: {
      prefix: { kind: path, fallback: DEFAULT_API_PREFIX, env: ["MAGPIE_API_PREFIX"], about: "what stands before its paths" },
      origins: { kind: origins, fallback: '"same"', env: ["MAGPIE_API_ORIGINS"], about: "pages that may use it" },
    },
  },
  codecs: { kind: codecList, fallback: "JSON alone", about: "codecs beside JSON that clients may choose" },
  heartbeatMs: {
    kind: milliseconds,
    fallback: "10,000",
    env: ["MAGPIE_HEARTBEAT_MS"],
    about: "silence after which a client is asked for a sign of life",
  },
  pongTimeoutMs: { kind: milliseconds, fallback: "8,000", env: ["MAGPIE_PONG_TIMEOUT_MS"], about: "how long to wait for that sign" },
  tokenGraceMs: {
    kind: wholeNumber(0),
    fallback: "10,000",
    env: ["MAGPIE_TOKEN_GRACE_MS"],
    about: "how long an expired token still serves",
  },
  presenceLeaseMs: {
    kind: milliseconds,
    fallback: "10,000",
    env: ["MAGPIE_PRESENCE_LEASE_MS"],
    about: "how long a member of a channel's presence outlives a lost link",
  },
  deduplicationMs: {
    kind: milliseconds,
    fallback: "172,800,000 (48 hours)",
    env: ["MAGPIE_DEDUPLICATION_MS"],
    about: "how long sequences and idempotency keys are remembered",
  },
  sessionKey: {
    kind: keyBytes,
    fallback: "drawn at start",
    env: ["MAGPIE_SESSION_KEY"],
    about: "signs session tokens; of several the first signs and all hold; in the environment as base64, with commas between",
  },
  journal: { kind: broker, fallback: "this is the only server", about: "the broker that carries the log of several servers" },
  bus: { kind: broker, fallback: "the journal's broker", about: "carries what is not stored between the servers of a journal" },
  snapshots: {
    kind: snapshotStore,
    fallback: "none; the journal is trimmed by its broker alone",
    about: "where the servers of a journal keep snapshots",
  },
  audit: { kind: auditLog, fallback: "none", about: "where it is written down, signed, who calls which command" },
  node: { kind: someText, fallback: "the machine's name", env: ["MAGPIE_NODE"], about: "names this server among those of a journal" },
  limits: { kind: someObject, fallback: "the table of limits", about: "limits that differ from their defaults", fields: limits },
  setup: { kind: someFunction, about: "called with the server before it listens" },
} as const satisfies Readonly<Record<keyof Config, Field>>
