import { createPublicKey, type KeyObject, webcrypto } from "node:crypto"
import { type Clock, isMagpieError, type Log, MagpieError } from "@magpie/protocol"
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from "jose"
import { type Changing, createChanging, isSameList, listOf, type OneOrMore } from "../access/changing.ts"
import type { Authenticator, User } from "../access/identity.ts"
import { createRemoteKeys, type PublicKey, type RemoteKeysOptions } from "../access/remote-keys.ts"
import { fetchJson, isTrustworthy } from "./fetch-json.ts"

export interface JwtOptions<U extends User> {
  /**
   * Shared secret for HS256, HS384, HS512: at least 32 bytes. Of a list, each holds: the new one and the old one while tokens
   * of the old one live. A function is asked for each token, and lets secrets change without a restart [F87].
   */
  readonly secret?: Changing<OneOrMore<string | Uint8Array>>
  /** Public key in PEM for asymmetric signatures, instead. */
  readonly publicKey?: string
  /**
   * Public keys by `kid`, instead: the set, or the address where it stands. Over https, or http on this machine; fetched when
   * the first token comes, and kept as `keySet` says.
   */
  readonly jwks?: JSONWebKeySet | string | URL
  /** How a set at an address is kept: when it is fetched anew, and how long what is known serves. */
  readonly keySet?: KeySetOptions
  /** Algorithms that are accepted. Default: the HMAC family for a secret, the asymmetric ones for a key. */
  readonly algorithms?: readonly string[]
  readonly issuer?: string
  readonly audience?: string
  /** How far clocks may differ, in milliseconds. Default 5,000. */
  readonly clockToleranceMs?: number
  /** What the server knows of a user. Default: `{ id: sub, claims }`. Throwing refuses the token. */
  readonly user?: (claims: JWTPayload & { readonly sub: string }) => U
}

export interface KeySetOptions extends RemoteKeysOptions {
  /** How long a fetch may take, in milliseconds. Default 3,000. */
  readonly timeoutMs?: number
  /** How long the answer may be. Default 262,144. */
  readonly maxBytes?: number
}

/** The user of a token when no `user` function says more. */
export interface ClaimedUser extends User {
  readonly claims: JWTPayload
}

const HMAC = ["HS256", "HS384", "HS512"]
/** The hash function of each, by its name in Web Crypto. */
const HASHES: Readonly<Record<string, string>> = { HS256: "SHA-256", HS384: "SHA-384", HS512: "SHA-512" }
const ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
const MIN_SECRET_BYTES = 32

/**
 * Signed tokens (RFC 7519). A token needs `sub` and `exp`, a signature by the one configured kind of key, and the issuer and
 * audience where those are set; keys that a token brings along are never looked at [F31, F32]. It can be revoked by its
 * user, its `jti`, and its claims; a `iat` says what a revocation was before. Where the keys cannot be had, tokens are neither
 * taken nor refused: UNAVAILABLE. Fails with INVALID_OPTIONS.
 */
export function jwt<U extends User = ClaimedUser>(options: JwtOptions<U>): Authenticator<U> {
  const { find, algorithms } = keysOf(options)
  const toUser = options.user ?? ((claims) => ({ id: claims.sub, claims }) as unknown as U)
  const toleranceMs = options.clockToleranceMs ?? 5_000
  const verifyOptions: JWTVerifyOptions = {
    algorithms: [...(options.algorithms ?? algorithms)],
    requiredClaims: ["sub", "exp"],
    clockTolerance: toleranceMs / 1_000,
    ...(options.issuer === undefined ? undefined : { issuer: options.issuer }),
    ...(options.audience === undefined ? undefined : { audience: options.audience }),
  }
  return {
    async authenticate({ token }, clock, log) {
      if (token === undefined || token.split(".", 4).length !== 3) return undefined
      try {
        const { payload } = await verifyWithAny(token, find(clock, log), { ...verifyOptions, currentDate: new Date(clock.now()) })
        const { sub, exp, iat, jti } = payload
        if (typeof sub !== "string" || sub === "" || sub.length > 256 || exp === undefined) return undefined
        return {
          user: toUser({ ...payload, sub }),
          expiresAt: exp * 1_000 + toleranceMs,
          issuedAt: typeof iat === "number" ? iat * 1_000 : undefined,
          token: typeof jti === "string" ? jti : undefined,
          claims: payload,
        }
      } catch (failure) {
        if (failure instanceof KeysUnavailable) throw failure.unavailable
        // Whatever was wrong with it, the answer is the same.
        return undefined
      }
    },
  }
}

/** Keeps what nobody can decide just now apart from everything that refuses a token. */
class KeysUnavailable extends Error {
  readonly unavailable: MagpieError

  constructor(unavailable: MagpieError) {
    super(unavailable.reason)
    this.unavailable = unavailable
  }
}

type Key = KeyObject | JWTVerifyGetKey

/** Each key is tried, in their order, as long as nothing but the signature is wrong. */
async function verifyWithAny(token: string, keys: readonly Key[], options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  let wrong: unknown
  for (const key of keys) {
    try {
      return await verify(token, key, options)
    } catch (failure) {
      if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      wrong = failure
    }
  }
  throw wrong
}

/** Where a set has several keys that may be a token's, each is tried. */
async function verify(token: string, key: Key, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
  if (typeof key !== "function") return jwtVerify(token, key, options)
  try {
    return await jwtVerify(token, key, options)
  } catch (several) {
    if (!(several instanceof errors.JWKSMultipleMatchingKeys)) throw several
    for await (const one of several) {
      try {
        return await jwtVerify(token, one, options)
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw several
  }
}

/** A secret as the key of each algorithm, made once: importing it takes longer than checking a signature. */
function hmacKeys(secret: Uint8Array): JWTVerifyGetKey {
  const keys = new Map<string, Promise<webcrypto.CryptoKey>>()
  return ({ alg }) => {
    const known = keys.get(alg)
    if (known) return known
    const key = webcrypto.subtle.importKey("raw", secret, { name: "HMAC", hash: HASHES[alg] ?? "" }, false, ["verify"])
    keys.set(alg, key)
    return key
  }
}

interface Keys {
  readonly find: (clock: Clock, log: Log | undefined) => readonly Key[]
  readonly algorithms: readonly string[]
}

function refuse(why: string, cause?: unknown): never {
  throw new MagpieError("INVALID_OPTIONS", `jwt: ${why}`, { details: { option: "auth" }, cause })
}

function keysOf({ secret, publicKey, jwks, keySet }: Pick<JwtOptions<User>, "secret" | "publicKey" | "jwks" | "keySet">): Keys {
  const given = [secret, publicKey, jwks].filter((value) => value !== undefined)
  if (given.length !== 1) refuse("give one of secret, publicKey and jwks")
  if (secret !== undefined) {
    const current = createChanging(secret, { secret: "jwt", read: readSecrets, isSame: isSameList })
    return { find: (_clock, log) => current(log), algorithms: HMAC }
  }
  if (typeof jwks === "string" || jwks instanceof URL) return remoteKeysOf(jwks, keySet)
  try {
    const key = jwks === undefined ? createPublicKey(publicKey ?? "") : createLocalJWKSet(jwks)
    return { find: () => [key], algorithms: ASYMMETRIC }
  } catch (cause) {
    return refuse(jwks === undefined ? "publicKey is no public key in PEM" : "jwks is no key set", cause)
  }
}

function readSecrets(secrets: OneOrMore<string | Uint8Array>): readonly Key[] {
  const keys = listOf(secrets).map((secret) => (typeof secret === "string" ? new TextEncoder().encode(secret) : secret))
  if (keys.length === 0) refuse("secret must not be an empty list")
  if (keys.some((key) => !(key?.length >= MIN_SECRET_BYTES))) refuse(`secret must have at least ${MIN_SECRET_BYTES} bytes`)
  return keys.map(hmacKeys)
}

const TIMEOUT_MS = 3_000
const MAX_SET_BYTES = 262_144

function remoteKeysOf(jwks: string | URL, options: KeySetOptions = {}): Keys {
  const url = URL.canParse(String(jwks)) ? new URL(String(jwks)) : undefined
  if (url === undefined || !isTrustworthy(url)) return refuse("jwks must be an https address without credentials, or http on this machine")
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_SET_BYTES, ...times } = options
  for (const [name, value] of Object.entries({ timeoutMs, maxBytes, ...times })) {
    if (!Number.isFinite(value) || value <= 0) refuse(`keySet.${name} must be a number above 0`)
  }
  const remote = createRemoteKeys(() => fetchJson(url, { timeoutMs, maxBytes }), times)
  const sets = new WeakMap<readonly PublicKey[], JWTVerifyGetKey>()

  function setOf(keys: readonly PublicKey[]): JWTVerifyGetKey {
    const known = sets.get(keys)
    if (known !== undefined) return known
    const set = createLocalJWKSet({ keys: [...keys] as JSONWebKeySet["keys"] })
    sets.set(keys, set)
    return set
  }

  return {
    algorithms: ASYMMETRIC,
    find: (clock, log) => [
      async (header, input) => {
        try {
          return await setOf(await remote.find(header.kid, clock, log))(header, input)
        } catch (failure) {
          throw isMagpieError(failure) ? new KeysUnavailable(failure) : failure
        }
      },
    ],
  }
}
