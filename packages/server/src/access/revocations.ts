import type { Control } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { Registry } from "../session/registry.ts"
import type { Identity } from "./identity.ts"

const STALE_RETRY_MS = 500

/** Who may no longer come in, as the log says it for all nodes [G10]. */
export interface Revocations {
  /** Fails with UNAVAILABLE where this node may not have heard of the newest ones: then nothing is granted. */
  requireFresh(): void
  /** Fails with UNAUTHORIZED for a revoked user, and as `requireFresh`. */
  admit(identity: Identity): void
  close(): void
}

/** Sends away whoever is revoked, from the moment on in which this node hears of it. */
export function createRevocations(control: Control, registry: Pick<Registry, "ofUser">): Revocations {
  const stop = control.onChange((change) => {
    if (change.type !== "revoked") return
    for (const connection of [...registry.ofUser(change.user)]) connection.close("REVOKED", "the user was revoked")
  })

  function requireFresh(): void {
    if (control.fresh) return
    throw new MagpieError("UNAVAILABLE", "this server cannot tell who was revoked", { retryAfterMs: STALE_RETRY_MS })
  }

  return {
    requireFresh,
    admit({ user }) {
      if (user === undefined) return
      requireFresh()
      if (control.isRevoked(user.id)) throw new MagpieError("UNAUTHORIZED", "the user was revoked")
    },
    close: stop,
  }
}
