import type { Crypto, Random } from "@magpie/protocol"

/**
 * A session's name, signed. It names the session and its user and proves nothing else: each resume authenticates again, and
 * a session of another user is not found [F40].
 */
export interface SessionTokens {
  create(user: string): { readonly session: string; readonly token: string }
  /** The session's name when the token is ours and belongs to the user. */
  verify(token: string, user: string): string | undefined
}

const ID_BYTES = 12
const SIGNATURE_BYTES = 16

export function createSessionTokens(crypto: Crypto, random: Random, key: Uint8Array): SessionTokens {
  const utf8 = new TextEncoder()

  function sign(session: string, user: string): string {
    return toHex(crypto.hmacSha256(key, utf8.encode(`${session}\n${user}`)).subarray(0, SIGNATURE_BYTES))
  }

  return {
    create(user) {
      const session = toHex(random.bytes(ID_BYTES))
      return { session, token: `${session}.${sign(session, user)}` }
    },
    verify(token, user) {
      const [session, signature, ...rest] = token.split(".")
      if (session === undefined || signature === undefined || rest.length > 0) return undefined
      return equalInConstantTime(signature, sign(session, user)) ? session : undefined
    },
  }
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
