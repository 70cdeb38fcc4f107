import { createPublicKey, type KeyObject, webcrypto } from "node:crypto"
import { MagpieError } from "@magpie/protocol"
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from "jose"
import type { Authenticator, User } from "../access/identity.ts"

export interface JwtOptions<U extends User> {
  /** Shared secret for HS256, HS384, HS512: at least 32 bytes. */
  readonly secret?: string | Uint8Array
  /** Public key in PEM for asymmetric signatures, instead. */
  readonly publicKey?: string
  /** Public keys by `kid`, instead. */
  readonly jwks?: JSONWebKeySet
  /** Algorithms that are accepted. Default: the HMAC family for a secret, the asymmetric ones for a key. */
  readonly algorithms?: readonly string[]
  readonly issuer?: string
  readonly audience?: string
  /** How far clocks may differ, in milliseconds. Default 5,000. */
  readonly clockToleranceMs?: number
  /** What the server knows of a user. Default: `{ id: sub, claims }`. Throwing refuses the token. */
  readonly user?: (claims: JWTPayload & { readonly sub: string }) => U
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
 * audience where those are set; keys that a token brings along are never looked at [F31, F32]. Fails with INVALID_OPTIONS.
 */
export function jwt<U extends User = ClaimedUser>(options: JwtOptions<U>): Authenticator<U> {
  const { key, algorithms } = keyOf(options)
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
    async authenticate({ token }, clock) {
      if (token === undefined || token.split(".").length !== 3) return undefined
      try {
        const { payload } = await verify(token, key, { ...verifyOptions, currentDate: new Date(clock.now()) })
        const { sub, exp } = payload
        if (typeof sub !== "string" || sub === "" || sub.length > 256 || exp === undefined) return undefined
        return { user: toUser({ ...payload, sub }), expiresAt: exp * 1_000 + toleranceMs }
      } catch {
        // Whatever was wrong with it, the answer is the same.
        return undefined
      }
    },
  }
}

type Key = KeyObject | JWTVerifyGetKey

function verify(token: string, key: Key, options: JWTVerifyOptions): ReturnType<typeof jwtVerify> {
  return typeof key === "function" ? jwtVerify(token, key, options) : jwtVerify(token, key, options)
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

function keyOf({ secret, publicKey, jwks }: Pick<JwtOptions<User>, "secret" | "publicKey" | "jwks">): {
  key: Key
  algorithms: readonly string[]
} {
  const given = [secret, publicKey, jwks].filter((value) => value !== undefined)
  if (given.length !== 1)
    throw new MagpieError("INVALID_OPTIONS", "jwt: give one of secret, publicKey and jwks", { details: { option: "auth" } })
  if (secret !== undefined) {
    const key = typeof secret === "string" ? new TextEncoder().encode(secret) : secret
    if (key.length < MIN_SECRET_BYTES) {
      throw new MagpieError("INVALID_OPTIONS", `jwt: secret must have at least ${MIN_SECRET_BYTES} bytes`, { details: { option: "auth" } })
    }
    return { key: hmacKeys(key), algorithms: HMAC }
  }
  if (jwks !== undefined) return { key: createLocalJWKSet(jwks), algorithms: ASYMMETRIC }
  try {
    return { key: createPublicKey(publicKey ?? ""), algorithms: ASYMMETRIC }
  } catch (cause) {
    throw new MagpieError("INVALID_OPTIONS", "jwt: publicKey is no public key in PEM", { details: { option: "auth" }, cause })
  }
}
