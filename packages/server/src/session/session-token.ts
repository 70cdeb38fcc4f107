import type { Crypto, Random } from "@magpie/protocol"

/**
 * A session's name, signed. It names the session and its user and proves nothing else: each resume authenticates again, and
 * a session of another user is not found [F40].
 */
export interface SessionTokens {
  create(user: string): { readonly session: string; readonly token: string }
  /** A token that was verified, signed as new ones are. */
  renew(token: string, session: string, user: string): string
  /** The session's name when the token is ours, by whichever of our keys, and belongs to the user. */
  verify(token: string, user: string): string | undefined
}

const ID_BYTES = 12
const SIGNATURE_BYTES = 16

/** Signs with the first of the keys. */
export function createSessionTokens(crypto: Crypto, random: Random, keys: () => readonly Uint8Array[]): SessionTokens {
  const utf8 = new TextEncoder()

  function signature(key: Uint8Array, session: string, user: string): string {
    return toHex(crypto.hmacSha256(key, utf8.encode(`${session}\n${user}`)).subarray(0, SIGNATURE_BYTES))
  }

  function tokenOf(session: string, user: string): string {
    return `${session}.${signature(firstOf(keys()), session, user)}`
  }

  return {
    create(user) {
      const session = toHex(random.bytes(ID_BYTES))
      return { session, token: tokenOf(session, user) }
    },
    // By the only key there is it was signed already.
    renew: (token, session, user) => (keys().length === 1 ? token : tokenOf(session, user)),
    verify(token, user) {
      const [session, its, more] = token.split(".", 3)
      if (session === undefined || its === undefined || more !== undefined) return undefined
      return keys().some((key) => equalInConstantTime(its, signature(key, session, user))) ? session : undefined
    },
  }
}

/** The key that signs. Lists of keys were checked, and have one. */
export function firstOf([key]: readonly Uint8Array[]): Uint8Array {
  if (key === undefined) throw new RangeError("there is no key")
  return key
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += HEX[byte]
  return text
}

export function equalInConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}
