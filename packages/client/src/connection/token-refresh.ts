import { toMagpieError } from "@magpie/protocol"
import type { Context } from "../context.ts"
import type { Layer } from "../layer.ts"
import type { RequestTable } from "../request/request-table.ts"
import type { Credentials } from "./credentials.ts"

/** The share of its life after which a token is replaced. */
const REFRESH_AT = 0.8

/** Replaces the token on a link before it expires, so that nobody is disconnected for it. */
export function createTokenRefresh(
  { schedule, onError }: Context,
  credentials: Credentials,
  request: RequestTable["request"],
  onRefreshed: () => void,
): Layer {
  const wait = schedule.createWait()
  /** The refresh under way; what an earlier one brings late is dropped. */
  let asking: object | undefined

  function stop(): void {
    asking = undefined
    wait.cancel()
  }

  function begin({ tokenExpiresInMs }: { readonly tokenExpiresInMs?: number | undefined }): void {
    stop()
    wait.failures = 0
    if (tokenExpiresInMs !== undefined && credentials.renewable) wait.after(tokenExpiresInMs * REFRESH_AT, ask)
  }

  async function ask(): Promise<void> {
    stop()
    const mine = {}
    asking = mine
    try {
      const { token } = await credentials.current()
      if (asking !== mine || token === undefined) return
      const accepted = await request({ type: "token", token }, "token")
      if (asking !== mine) return
      begin(accepted)
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
    online: begin,
    receive({ type }) {
      if (type === "token-expiring" && credentials.renewable && !asking) void ask()
    },
    offline: stop,
    close: stop,
  }
}
