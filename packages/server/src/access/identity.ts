import type { Clock } from "@magpie/protocol"

/** Who is on the other side. `id` is unique; anything else is what the authenticator made of the claims. */
export interface User {
  readonly id: string
}

/** What was proven. `user` is undefined for an anonymous one. */
export interface Identity<U extends User = User> {
  readonly user: U | undefined
  /** Wall time in milliseconds after which the proof no longer holds. */
  readonly expiresAt?: number | undefined
}

export interface Credentials {
  readonly token: string | undefined
  readonly key: string | undefined
  readonly address: string
  readonly origin: string | undefined
}

/**
 * Decides who somebody is. Returns undefined when these credentials are not of its kind or do not hold; the answer to the
 * other side is the same in both cases. Never throws for bad credentials.
 */
export interface Authenticator<U extends User = User> {
  authenticate(credentials: Credentials, clock: Clock): Promise<Identity<U> | undefined> | Identity<U> | undefined
}

/** Lets everybody in without a name. Say it aloud: `auth: anonymous()`. */
export function anonymous(): Authenticator<never> {
  return {
    authenticate: ({ token, key }) => (token === undefined && key === undefined ? { user: undefined } : undefined),
  }
}

/** The first of several that recognises the credentials. */
export function anyOf<U extends User>(...authenticators: readonly Authenticator<U>[]): Authenticator<U> {
  return {
    async authenticate(credentials, clock) {
      for (const authenticator of authenticators) {
        const identity = await authenticator.authenticate(credentials, clock)
        if (identity !== undefined) return identity
      }
      return undefined
    },
  }
}
