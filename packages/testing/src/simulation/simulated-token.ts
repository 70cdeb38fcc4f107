import type { Proof } from "@magpie/journal"
import type { Authenticator, User } from "@magpie/server/core"

/** What a page of a user comes in with, and what it can be revoked by. */
export interface TokenContent {
  readonly user: string
  /** Wall time in milliseconds. */
  readonly expiresAt: number
  /** Its own name, which all tokens of a page share. */
  readonly token?: string
  /** A claim, which users share. */
  readonly org?: string
  /** Wall time in milliseconds; a token without it does not say when it was issued. */
  readonly issuedAt?: number
}

/** A token in the clear: who may sign one is not what is simulated. */
export function tokenOf({ user, expiresAt, token = "", org = "", issuedAt }: TokenContent): string {
  return [user, expiresAt, token, org, issuedAt ?? ""].join(" ")
}

/** What a revocation looks at in a token. */
export function proofIn(text: string): Proof {
  const [user = "", , token, org, issuedAt] = text.split(" ")
  return { user, ...(token && { token }), ...(org && { claims: { org } }), ...(issuedAt && { issuedAt: Number(issuedAt) }) }
}

export const simulatedAuth: Authenticator<User> = {
  authenticate({ token = "" }, clock) {
    const { user, ...proof } = proofIn(token)
    const expiresAt = Number(token.split(" ")[1])
    if (!user || !(expiresAt > clock.now())) return undefined
    return { user: { id: user }, expiresAt, ...proof }
  },
}

/** Users share a claim, two of the clients one and the others another. */
export const orgOf = (user: string): string => (user < "c2" ? "north" : "south")

/** What a page of a user is given. Some issuers do not say when. */
export function issue(user: string, page: string, nowMs: number, lifeMs: number): string {
  const isDated = Number(user.slice(1)) % 2 === 0
  return tokenOf({ user, expiresAt: nowMs + lifeMs, token: page, org: orgOf(user), ...(isDated && { issuedAt: nowMs }) })
}
