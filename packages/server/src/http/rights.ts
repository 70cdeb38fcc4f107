import { type Contract, MagpieError } from "@magpie/protocol"
import { type Capabilities, compileCapabilities } from "../access/capabilities.ts"
import type { Identity, User } from "../access/identity.ts"
import { isUserId } from "./fields.ts"

/** What can be done through the HTTP API with a key. */
export const API_ACTIONS = [
  "publish",
  "change",
  "history",
  "versions",
  "presence",
  "call",
  "cancel-any",
  "connections",
  "disconnect",
  "revoke",
] as const
export type ApiAction = (typeof API_ACTIONS)[number]

/** What a key, or a token, may do through the HTTP API. What is not named is not allowed. */
export interface ApiRights {
  readonly may: readonly ApiAction[] | "everything"
  /** Channels to publish to, to change messages of, to call commands of and to read, by name or by pattern: `*` and `:name` each stand for any one segment. Default: none. */
  readonly channels?: readonly string[] | "any"
  /** Users in whose name it may publish and call, and whose connections it may list, end and revoke. Default: none. */
  readonly users?: readonly string[] | "any"
}

/** A user that may use the HTTP API: `{ id: "billing", api: { may: ["publish"], channels: ["invoices/:customer"] } }`. */
export interface ApiUser extends User {
  readonly api?: ApiRights
}

/** Somebody who proved who they are, and what they may. */
export interface ApiCaller {
  readonly id: string
  /** The proof's own name, where it has one. */
  readonly token: string | undefined
  /** Requests a second that the proof itself allows. */
  readonly perSecond: number | undefined
  may(action: ApiAction): boolean
  reaches(channel: string, action: ApiAction): boolean
  /** Those that it speaks for. */
  readonly users: readonly string[] | "any"
  /** Undefined stands for anonymous ones, who are nobody's but of those who may act for any user. */
  speaksFor(user: string | undefined): boolean
}

/** The caller behind an identity. Rights may have come out of a token: whatever is not of their form grants nothing. */
export function callerOf(user: User, { token, limits, rights: bound }: Identity): ApiCaller {
  const { may, channels, users } = rightsOf(user)
  return {
    id: user.id,
    token,
    perSecond: limits?.messagesPerSecond,
    may: (action) => may === "everything" || may.includes(action),
    reaches: (channel, action) => (channels === "any" || channels.can(channel, GRANTED)) && bound?.can(channel, action) !== false,
    users,
    speaksFor: (id) => users === "any" || (id !== undefined && users.includes(id)),
  }
}

interface CompiledRights {
  readonly may: readonly string[] | "everything"
  readonly channels: Capabilities | "any"
  readonly users: readonly string[] | "any"
}

const GRANTED = "use"
const NONE: Capabilities = { can: () => false }
/** A key's user is the same object each time; its patterns are read once. */
const compiled = new WeakMap<User, CompiledRights>()

function rightsOf(user: User): CompiledRights {
  const known = compiled.get(user)
  if (known !== undefined) return known
  const { may, channels, users }: { readonly [N in keyof ApiRights]?: unknown } = (user as ApiUser).api ?? {}
  const rights: CompiledRights = {
    may: may === "everything" ? may : texts(may),
    channels: channels === "any" ? channels : compile(texts(channels)),
    users: users === "any" ? users : texts(users).filter(isUserId),
  }
  compiled.set(user, rights)
  return rights
}

function compile(patterns: readonly string[]): Capabilities {
  try {
    return compileCapabilities(Object.fromEntries(patterns.map((pattern) => [pattern, [GRANTED]])))
  } catch {
    return NONE
  }
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : []
}

/** Each fails with FORBIDDEN, and says the same of what exists and what does not [F38]. */
export function requireAction(caller: ApiCaller, action: ApiAction): void {
  if (caller.may(action)) return
  throw new MagpieError("FORBIDDEN", `these credentials may not ${action}`, { details: { action } })
}

export function requireChannel(caller: ApiCaller, channel: string, action: ApiAction): void {
  if (caller.reaches(channel, action)) return
  throw new MagpieError("FORBIDDEN", `these credentials have no right to ${action} on "${channel}"`, { details: { channel, action } })
}

/** The channel has a history that the caller may read: a stream's messages, or the ledger of commands. */
export function requireHistory(contract: Contract, caller: ApiCaller, channel: string): void {
  const { kind } = contract.match(channel)
  requireChannel(caller, channel, "history")
  if (kind.kind !== "command") requireStream(contract, caller, channel, "history")
}

/** The channel is a stream that the caller may read so. */
export function requireStream(contract: Contract, caller: ApiCaller, channel: string, action: ApiAction): void {
  const { kind } = contract.match(channel)
  requireChannel(caller, channel, action)
  if (kind.kind === "stream") return
  throw new MagpieError("BAD_REQUEST", `"${channel}" is a ${kind.kind} and keeps no history`, { details: { field: "channel" } })
}

export function requireUser(caller: ApiCaller, user: string | undefined): void {
  if (caller.speaksFor(user)) return
  const whom = user === undefined ? "all users" : `"${user}"`
  throw new MagpieError("FORBIDDEN", `these credentials are not for ${whom}`, { details: user === undefined ? {} : { user } })
}
