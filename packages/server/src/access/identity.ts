import type { Proof } from "@magpie/journal"
import type { Clock, Log } from "@magpie/protocol"
import type { Capabilities } from "./capabilities.ts"

/** Who is on the other side. `id` is unique; anything else is what the authenticator made of the claims. */
export interface User {
  readonly id: string
}

/** What was proven. `user` is undefined for an anonymous one. */
export interface Identity<U extends User = User> {
  readonly user: U | undefined
  /** Wall time in milliseconds after which the proof no longer holds. */
  readonly expiresAt?: number | undefined
  /** Wall time in milliseconds. A revocation takes back what was issued before it; without this, whatever came in. */
  readonly issuedAt?: number | undefined
  /** The proof's own name, by which it can be revoked alone: a token's `jti`, a key's `id`. */
  readonly token?: string | undefined
  /** What it can be revoked by beside that: texts, numbers and booleans, or lists of them, by name. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** What it may do at most, whatever `authorize` says. Default: no bound. */
  readonly rights?: Capabilities | undefined
  /** Bounds of its own, beside those of its user and address. */
  readonly limits?: IdentityLimits | undefined
}

/** Counted over everybody who came in with the same proof, by its `token`, on this node. */
export interface IdentityLimits {
  /** With a burst of twice as many. */
  readonly messagesPerSecond?: number | undefined
  readonly connections?: number | undefined
}

export interface Credentials {
  readonly token: string | undefined
  readonly key: string | undefined
  /** What `tickets.issue` gave; it may also stand where a token does. */
  readonly ticket?: string | undefined
  readonly address: string
  readonly origin: string | undefined
}

/**
 * Decides who somebody is. Returns undefined when these credentials are not of its kind or do not hold; the answer to the
 * other side is the same in both cases. Never throws for bad credentials. Where it cannot decide just now, it fails with
 * UNAVAILABLE, and the other side comes back later.
 */
export interface Authenticator<U extends User = User> {
  /** `log` takes lines for the operator, which never hold a secret. */
  authenticate(credentials: Credentials, clock: Clock, log?: Log): Promise<Identity<U> | undefined> | Identity<U> | undefined
}

/** Lets everybody in without a name. Say it aloud: `auth: anonymous()`. */
export function anonymous(): Authenticator<never> {
  return {
    authenticate: ({ token, key, ticket }) =>
      token === undefined && key === undefined && ticket === undefined ? { user: undefined } : undefined,
  }
}

/** The first of several that recognises the credentials. */
export function anyOf<U extends User>(...authenticators: readonly Authenticator<U>[]): Authenticator<U> {
  return {
    async authenticate(credentials, clock, log) {
      for (const authenticator of authenticators) {
        const identity = await authenticator.authenticate(credentials, clock, log)
        if (identity !== undefined) return identity
      }
      return undefined
    },
  }
}

/** Whether a revocation can name it, by its user, its own name or a claim. */
export function isRevocable(identity: Identity | undefined): identity is Identity {
  return identity?.user !== undefined || identity?.token !== undefined || identity?.claims !== undefined
}

/** What revocations look at. */
export function proofOf({ user, token, claims, issuedAt }: Identity): Proof {
  return { user: user?.id, token, claims, issuedAt }
}
