import type { DownMessage } from "@magpie/protocol"
import { badField } from "../bad-field.ts"

/** Fields of a message by what `typeof` says of them. */
export type Fields = Readonly<Record<string, string>>

/**
 * What this client relies on in each message of a server: fields by their type. The server is trusted with the rest, which
 * keeps the descriptions of all messages out of a browser's bundle.
 */
const NEEDED: { readonly [T in DownMessage["type"]]?: Fields } = {
  welcome: { connection: "string", session: "string", producer: "string", heartbeatMs: "number", messageBytes: "number" },
  subscribed: { channel: "string", answer: "string" },
  unsubscribed: { channel: "string" },
  published: {},
  message: { channel: "string", name: "string", at: "number" },
  history: { channel: "string", messages: "object", position: "object" },
  token: {},
  "token-expiring": { inMs: "number" },
  error: { code: "string", message: "string" },
  gap: { channel: "string", reason: "string" },
  position: { channel: "string", position: "object" },
  pong: {},
  "go-away": {},
}

/** The messages that every client knows. */
export const KNOWN: ReadonlyMap<string, Fields> = new Map(Object.entries(NEEDED))

/** Fields that travel as objects and are dictionaries from a stranger's names: a Map has no prototype to trip over. */
const DICTIONARIES = ["channels", "ahead", "details"]

const START = { offset: 0 }
const UNREADABLE = "of the server's message is wrong"

/**
 * Of a message that this version does not know, whether it would have to: undefined where it need not. Fails with BAD_REQUEST
 * naming the field.
 */
export function readDown(value: unknown, known = KNOWN): DownMessage | "critical" | undefined {
  const message: Readonly<Record<string, unknown>> = Object(value)
  const { type } = message
  if (typeof type !== "string") throw badField("type", UNREADABLE)
  const fields = known.get(type)
  if (fields === undefined) return message.critical === true ? "critical" : undefined
  for (const [field, needed] of Object.entries(fields)) {
    const given = message[field]
    if (typeof given !== needed || given === null) throw badField(field, UNREADABLE)
  }
  // Counted with later, in timers and when the link ends, where nobody catches an error.
  if (typeof (message.retryAfterMs ?? 0) !== "number") throw badField("retryAfterMs", UNREADABLE)
  for (const position of [message.position ?? START, ...Object.values(Object(message.ahead))]) {
    if (typeof Object(position).offset !== "number") throw badField("position", UNREADABLE)
  }
  const read = { ...message }
  for (const field of DICTIONARIES) if (read[field]) read[field] = new Map(Object.entries(Object(read[field])))
  // What the table names was checked; the rest is the server's word.
  return read as unknown as DownMessage
}
