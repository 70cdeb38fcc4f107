import { type Clock, isMagpieError, type Limits, type Log, MagpieError } from "@magpie/protocol"
import type { Authenticator, Credentials, Identity } from "../access/identity.ts"
import type { Refusals } from "../access/refusals.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import { isUserId } from "./fields.ts"
import { type ApiRequest, header } from "./request.ts"
import { type ApiCaller, callerOf } from "./rights.ts"

/** Decides who calls the HTTP API. */
export interface Callers {
  /** Fails with UNAUTHORIZED, with RATE_LIMITED where too many from there were wrong, or with UNAVAILABLE where nobody can tell just now. */
  identify(request: ApiRequest): Promise<ApiCaller>
}

export interface CallersOptions {
  readonly auth: Authenticator
  readonly refusals: Refusals
  readonly clock: Clock
  readonly limits: Pick<Limits, "tokenBytes">
  readonly log: Log
  /** Fails for somebody who holds valid credentials and may not come in all the same. */
  readonly admit: (identity: Identity) => void
}

const RETRY_MS = 1_000

/**
 * Credentials are a key in `X-Api-Key`, or a key or token in `Authorization: Bearer`. Cookies and queries are never looked
 * at: a page of somebody else's could send them [F41].
 */
export function createCallers({ auth, refusals, clock, limits, log, admit }: CallersOptions): Callers {
  async function authenticate(credentials: Credentials): Promise<Identity | undefined> {
    try {
      return await auth.authenticate(credentials, clock, log)
    } catch (cause) {
      if (isMagpieError(cause)) throw cause
      log("error", "api-auth-failed", failureFields(cause))
      throw new MagpieError("UNAVAILABLE", "cannot authenticate now", { retryAfterMs: RETRY_MS })
    }
  }

  async function prove(credentials: Credentials): Promise<ApiCaller> {
    const { token, key } = credentials
    const tooLong = Math.max(token?.length ?? 0, key?.length ?? 0) > limits.tokenBytes
    const identity = tooLong ? undefined : await authenticate(credentials)
    const user = identity?.user
    if (user === undefined || !isUserId(user.id)) throw new MagpieError("UNAUTHORIZED", "no valid credentials")
    if (identity?.expiresAt !== undefined && identity.expiresAt <= clock.now())
      throw new MagpieError("UNAUTHORIZED", "the credentials have expired")
    admit(identity as Identity)
    return callerOf(user, identity as Identity)
  }

  return {
    async identify(request) {
      const token = bearerOf(header(request, "authorization"))
      const key = header(request, "x-api-key") ?? token
      if (key === undefined) throw new MagpieError("UNAUTHORIZED", "no valid credentials")
      const { address } = request
      refusals.check(address)
      try {
        return await prove({ token, key, address, origin: header(request, "origin") })
      } catch (failure) {
        if (isMagpieError(failure) && failure.code === "UNAUTHORIZED") refusals.count(address)
        throw failure
      }
    },
  }
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1]
}
