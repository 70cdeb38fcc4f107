import { MagpieError } from "@magpie/protocol"
import { checkName, isLonger, NAME_BYTES } from "./door.ts"

export type ClaimValue = string | number | boolean

/** Whom or what a revocation takes out: a user, one token by its own name, or whatever carries a claim: `{ claim: { org: "acme" } }`. */
export type RevocationTarget =
  | { readonly user: string }
  | { readonly token: string }
  /** Exactly one claim. */
  | { readonly claim: Readonly<Record<string, ClaimValue>> }

/** What somebody came in with, as far as revocations look at it. */
export interface Proof {
  readonly user?: string | undefined
  /** The proof's own name, for instance the `jti` of a token. */
  readonly token?: string | undefined
  /** By name. A text, number or boolean, or a list of them, each of which counts. Anything else is not looked at. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Wall time in milliseconds. Unknown: as if it had been long ago. */
  readonly issuedAt?: number | undefined
}

/** A revocation as the log has it. */
export interface Revocation {
  /** The target as one text, by which equal targets are known. */
  readonly subject: string
  /** What was issued up to this moment no longer counts. */
  readonly issuedUntil: number
  /** When it may be forgotten, because nothing that was issued so early holds any longer. */
  readonly until: number
}

/** Users' ids hold no control characters, so what begins with one is no user. */
const TOKEN = "\u0001t"
export const CLAIM_SUBJECT = "\u0001c"
/** Fails with BAD_REQUEST where the target is none, or has a name that cannot be stored. */
export function subjectOf(target: RevocationTarget): string {
  const given: Readonly<Record<string, unknown>> = { ...target }
  if (typeof given.user === "string") return named("user", given.user, "")
  if (typeof given.token === "string") return named("token", given.token, TOKEN)
  const claims = typeof given.claim === "object" && given.claim !== null ? Object.entries(given.claim) : []
  const [claim] = claims
  const subject = claim === undefined || claims.length > 1 ? undefined : subjectOfClaim(...claim)
  if (subject !== undefined) return subject
  throw new MagpieError("BAD_REQUEST", "revoke names a user, a token, or one claim that is a text, number or boolean", {
    details: { field: "claim" in given ? "claim" : "" },
  })
}

/** The user's id, where the revocation is of a user. */
export function userOfRevocation({ subject }: Revocation): string | undefined {
  return subject.startsWith("\u0001") ? undefined : subject
}

/** Every subject under which this proof could be revoked. Without `withClaims`, those of its claims are left out. */
export function subjectsOf({ user, token, claims = {} }: Proof, withClaims: boolean): readonly string[] {
  const subjects: string[] = []
  if (user !== undefined) subjects.push(user)
  if (token !== undefined) subjects.push(TOKEN + token)
  if (!withClaims) return subjects
  for (const [name, value] of Object.entries(claims)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const subject = subjectOfClaim(name, one)
      if (subject !== undefined) subjects.push(subject)
    }
  }
  return subjects
}

/** Whether the revocation takes this proof out. */
export function isRevokedBy({ subject, issuedUntil }: Revocation, proof: Proof): boolean {
  return (proof.issuedAt ?? 0) <= issuedUntil && subjectsOf(proof, subject.startsWith(CLAIM_SUBJECT)).includes(subject)
}

function named(field: string, name: string, prefix: string): string {
  checkName(field, name)
  if (name === "") throw new MagpieError("BAD_REQUEST", `${field} is empty`, { details: { field } })
  return prefix + name
}

/** As JSON, so that "1" and 1 are two values, and no value can be taken for a part of the name. */
function subjectOfClaim(name: string, value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "boolean" && !Number.isFinite(value)) return undefined
  const subject = CLAIM_SUBJECT + JSON.stringify([name, value])
  return isLonger(subject, NAME_BYTES) ? undefined : subject
}
