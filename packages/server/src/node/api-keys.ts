import { createHash } from "node:crypto"
import { MagpieError } from "@magpie/protocol"
import { type CapabilityClaim, compileCapabilities } from "../access/capabilities.ts"
import { type Changing, createChanging } from "../access/changing.ts"
import type { Authenticator, Identity, User } from "../access/identity.ts"

export interface ApiKeysOptions<U extends User> {
  /**
   * Which user stands behind each key, or a list that says more of each. Keys have at least 16 characters; they are kept as hashes
   * only. A function is asked for each key that somebody brings, and lets keys change without a restart [F87]; what it returns is
   * read when it is another object than before.
   */
  readonly keys: Changing<ListedKeys<U>>
}

type ListedKeys<U extends User> = Readonly<Record<string, U>> | readonly ApiKey<U>[]

export interface ApiKey<U extends User> {
  /** The key itself. */
  readonly key?: string
  /** Its SHA-256 instead, as 64 hexadecimal digits, so that the key need not stand anywhere. */
  readonly sha256?: string
  readonly user: U
  /** Names it, for `server.revoke({ token: id })`. Default: `key-` and the first 12 digits of its hash. */
  readonly id?: string
  /** What it may do at most, as actions by pattern of channels; the channel's own `authorize` is asked all the same. Default: no bound. */
  readonly can?: CapabilityClaim
  /** Over everybody who comes in with it, on one node, with a burst of twice as many. Default: no bound of its own. */
  readonly messagesPerSecond?: number
  /** Open connections with it, on one node. Default: no bound of its own. */
  readonly connections?: number
  /** Wall time in milliseconds after which it no longer counts. Default: never. */
  readonly expiresAt?: number
  /** When it was made, wall time in milliseconds: a revocation of its user leaves keys that were made later. Default: long ago. */
  readonly issuedAt?: number
}

const MIN_KEY_LENGTH = 16
const MAX_KEY_LENGTH = 512
const SHA256 = /^[0-9a-f]{64}$/

/**
 * Long-lived keys for back ends and devices. A key is found by its SHA-256, so that the time an answer takes tells nothing
 * about the keys that exist. Fails with INVALID_OPTIONS.
 */
export function apiKeys<U extends User>({ keys }: ApiKeysOptions<U>): Authenticator<U> {
  const current = createChanging<ListedKeys<U>, ReadonlyMap<string, Identity<U>>>(keys, { secret: "api-keys", read: readKeys })
  return {
    authenticate({ key }, clock, log) {
      if (key === undefined || key.length > MAX_KEY_LENGTH) return undefined
      const identity = current(log).get(digest(key))
      return identity?.expiresAt !== undefined && identity.expiresAt <= clock.now() ? undefined : identity
    },
  }
}

function readKeys<U extends User>(keys: ListedKeys<U>): ReadonlyMap<string, Identity<U>> {
  const identities = new Map<string, Identity<U>>()
  const listed = isList(keys) ? keys : Object.entries(keys).map(([key, user]) => ({ key, user }))
  for (const entry of listed) {
    const hash = hashOf(entry)
    if (identities.has(hash)) refuse(entry.user, "is given twice")
    identities.set(hash, identityOf(entry, hash))
  }
  return identities
}

function isList<U extends User>(keys: ListedKeys<U>): keys is readonly ApiKey<U>[] {
  return Array.isArray(keys)
}

function hashOf<U extends User>({ key, sha256, user }: ApiKey<U>): string {
  if ((key === undefined) === (sha256 === undefined)) return refuse(user, "needs one of key and sha256")
  if (sha256 !== undefined) return SHA256.test(sha256) ? sha256 : refuse(user, "has a sha256 that is not 64 hexadecimal digits")
  if (key === undefined || key.length < MIN_KEY_LENGTH) return refuse(user, `has fewer than ${MIN_KEY_LENGTH} characters`)
  return digest(key)
}

/** Made once: one object for all who come in with the key. */
function identityOf<U extends User>(entry: ApiKey<U>, hash: string): Identity<U> {
  const { user, id = `key-${hash.slice(0, 12)}`, can, messagesPerSecond, connections, expiresAt, issuedAt } = entry
  for (const [name, value] of Object.entries({ messagesPerSecond, connections, expiresAt, issuedAt })) {
    if (value !== undefined && (!Number.isFinite(value) || value <= 0)) refuse(user, `has a ${name} that is no number above 0`)
  }
  return {
    user,
    token: id,
    ...(expiresAt === undefined ? undefined : { expiresAt }),
    ...(issuedAt === undefined ? undefined : { issuedAt }),
    ...(can === undefined ? undefined : { rights: rightsOf(user, can) }),
    ...(messagesPerSecond === undefined && connections === undefined ? undefined : { limits: { messagesPerSecond, connections } }),
  }
}

function rightsOf(user: User, can: CapabilityClaim): Identity["rights"] {
  try {
    return compileCapabilities(can)
  } catch (cause) {
    return refuse(user, "has rights that cannot be read: give actions by pattern of channels", cause)
  }
}

/** Names the key by its user alone. */
function refuse(user: User, why: string, cause?: unknown): never {
  throw new MagpieError("INVALID_OPTIONS", `apiKeys: the key of "${user?.id}" ${why}`, { details: { option: "auth" }, cause })
}

function digest(key: string): string {
  return createHash("sha256").update(key).digest("hex")
}
