import { type MagpieError, toMagpieError } from "@magpie/protocol"
import type { RequestTable } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import type { Credentials } from "./credentials.ts"

/** Replaces the token on a link before it expires, so that nobody is disconnected for it. */
export interface TokenRefresh {
  /** A link was welcomed; its token holds so long. */
  begin(expiresInMs: number | undefined): void
  /** The server says that it expires soon. */
  hurry(): void
  stop(): void
}

export interface TokenRefreshOptions {
  readonly schedule: Schedule
  readonly credentials: Credentials
  readonly request: RequestTable["request"]
  onRefreshed(): void
  onError(error: MagpieError): void
}

/** The share of its life after which a token is replaced. */
const REFRESH_AT = 0.8

export function createTokenRefresh({ schedule, credentials, request, onRefreshed, onError }: TokenRefreshOptions): TokenRefresh {
  const wait = schedule.createWait()
  /** The refresh under way, by its number; what an earlier one brings late is dropped. */
  let asking: number | undefined
  let count = 0

  function stop(): void {
    asking = undefined
    wait.cancel()
  }

  function begin(expiresInMs: number | undefined): void {
    stop()
    wait.failures = 0
    if (expiresInMs !== undefined && credentials.renewable) wait.after(expiresInMs * REFRESH_AT, ask)
  }

  async function ask(): Promise<void> {
    stop()
    const mine = ++count
    asking = mine
    try {
      const { token } = await credentials.current()
      if (asking !== mine || token === undefined) return
      const { tokenExpiresInMs } = await request({ type: "token", token }, "token")
      if (asking !== mine) return
      begin(tokenExpiresInMs)
      onRefreshed()
    } catch (thrown) {
      // A link that ended meanwhile takes a fresh token to the next one anyway.
      if (asking !== mine) return
      const error = toMagpieError(thrown)
      asking = undefined
      wait.again(ask, error.retryAfterMs)
      onError(error)
    }
  }

  return {
    begin,
    hurry() {
      if (credentials.renewable && asking === undefined) void ask()
    },
    stop,
  }
}
