import { MagpieError, type Timer, toMagpieError } from "@magpie/protocol"
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
  retryMs(failures: number, hintMs: number | undefined): number
  onRefreshed(): void
  onError(error: MagpieError): void
}

/** The share of its life after which a token is replaced. */
const REFRESH_AT = 0.8

type RefreshState = { readonly state: "off" } | { readonly state: "waiting"; readonly timer: Timer } | { readonly state: "asking" }

export function createTokenRefresh({ schedule, credentials, request, retryMs, onRefreshed, onError }: TokenRefreshOptions): TokenRefresh {
  let current: RefreshState = { state: "off" }
  let failures = 0

  function enter(next: RefreshState): RefreshState {
    if (current.state === "waiting") current.timer.cancel()
    current = next
    return next
  }

  function waitFor(expiresInMs: number | undefined): void {
    failures = 0
    if (expiresInMs === undefined || !credentials.renewable) enter({ state: "off" })
    else enter({ state: "waiting", timer: schedule.after(expiresInMs * REFRESH_AT, ask) })
  }

  async function refresh(mine: RefreshState): Promise<void> {
    const { token } = await credentials.current()
    if (current !== mine || token === undefined) return
    const reply = await request({ type: "token", token })
    if (current !== mine) return
    if (reply.type !== "token") throw new MagpieError("INTERNAL", `the server answered a token with ${reply.type}`)
    waitFor(reply.tokenExpiresInMs)
    onRefreshed()
  }

  function ask(): void {
    const mine = enter({ state: "asking" })
    refresh(mine).catch((thrown: unknown) => {
      // A link that ended meanwhile takes a fresh token to the next one anyway.
      if (current !== mine) return
      const error = toMagpieError(thrown)
      enter({ state: "waiting", timer: schedule.after(retryMs(failures++, error.retryAfterMs), ask) })
      onError(error)
    })
  }

  return {
    begin: waitFor,
    hurry() {
      if (credentials.renewable && current.state !== "asking") ask()
    },
    stop: () => void enter({ state: "off" }),
  }
}
