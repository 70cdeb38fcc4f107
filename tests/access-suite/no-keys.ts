import type { Authenticator, ClaimedUser } from "@magpie/server"
import { MagpieError } from "@magpie/server"

/** As `jwt` whose keys stand at an address that does not answer. */
export function jwtWithoutKeys(): Authenticator<ClaimedUser> {
  return {
    authenticate({ token }) {
      if (token === undefined) return undefined
      throw new MagpieError("UNAVAILABLE", "the keys that tokens are checked with cannot be had", { retryAfterMs: 5_000 })
    },
  }
}
