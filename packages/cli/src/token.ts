import { MagpieError } from "@magpie/protocol"
import { SignJWT } from "jose"

export interface TokenOptions {
  /** The user's id. */
  readonly subject: string
  readonly secret: string
  readonly expiresInMs: number
  /** `name=value`; a value that is JSON is taken as such. */
  readonly claims: readonly string[]
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly nowMs: number
}

/** Signs a token (HS256) for trying things out and for tests. Fails with INVALID_OPTIONS. */
export async function signToken(options: TokenOptions): Promise<string> {
  if (options.secret.length < 32) throw new MagpieError("INVALID_OPTIONS", "the secret must have at least 32 characters")
  const issuedAt = Math.floor(options.nowMs / 1_000)
  const token = new SignJWT(parseClaims(options.claims))
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(options.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.floor(options.expiresInMs / 1_000))
  if (options.issuer !== undefined) token.setIssuer(options.issuer)
  if (options.audience !== undefined) token.setAudience(options.audience)
  return token.sign(new TextEncoder().encode(options.secret))
}

function parseClaims(claims: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    claims.map((claim) => {
      const at = claim.indexOf("=")
      if (at < 1) throw new MagpieError("INVALID_OPTIONS", `"${claim}" is no claim: write name=value`)
      return [claim.slice(0, at), parseValue(claim.slice(at + 1))]
    }),
  )
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
