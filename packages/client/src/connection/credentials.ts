import { MagpieError } from "@magpie/protocol"
import type { Offer } from "../outbox/keeper.ts"
import type { Settings } from "../settings.ts"

/** What a hello carries of them, and of an outbox that was kept. */
export interface Given extends Offer {
  readonly token?: string | undefined
  readonly key?: string | undefined
}

/** Who the client says it is. */
export interface Credentials {
  /** Whether asking again may give something new. */
  readonly renewable: boolean
  /** Fails with UNAUTHORIZED when the token function fails. */
  current(): Promise<Given>
}

export function createCredentials({ token, key }: Settings): Credentials {
  return {
    renewable: typeof token === "function",
    async current() {
      if (typeof token !== "function") return { token, key }
      let cause: unknown
      try {
        const given: unknown = await token()
        if (typeof given === "string") return { token: given }
      } catch (thrown) {
        cause = thrown
      }
      throw new MagpieError("UNAUTHORIZED", "the token function gave no text", { cause })
    },
  }
}
