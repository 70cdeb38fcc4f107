import { type Control, isRevokedBy, type Revocation, userOfRevocation } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { Connection } from "../session/connection.ts"
import type { Registry } from "../session/registry.ts"
import { type Identity, proofOf } from "./identity.ts"

const STALE_RETRY_MS = 500

/** Who may no longer come in, as the log says it for all nodes [G10]. */
export interface Revocations {
  /** Fails with UNAVAILABLE where this node may not have heard of the newest ones: then nothing is granted. */
  requireFresh(): void
  /** Fails with UNAUTHORIZED for what was revoked, and as `requireFresh`. Asked in the very turn in which somebody is let in. */
  admit(identity: Identity): void
  /** To be asked before anything is delivered: ends the subscriptions of named users where this node is no longer fresh. */
  guard(): void
  close(): void
}

/** Sends away whoever is revoked, from the moment on in which this node hears of it. */
export function createRevocations(control: Control, registry: Pick<Registry, "ofUser" | "all">): Revocations {
  const stop = control.onChange((change) => {
    if (change.type === "revoked") sendAway(change)
    else if (change.type === "stale") endAll()
  })

  function sendAway(revocation: Revocation): void {
    const user = userOfRevocation(revocation)
    for (const connection of [...(user === undefined ? registry.all() : registry.ofUser(user))]) {
      const { identity } = connection
      if (identity !== undefined && isRevokedBy(revocation, proofOf(identity))) connection.close("REVOKED", "revoked")
    }
  }

  /** They ask again with their positions, here once the node is fresh, or elsewhere. */
  function endAll(): void {
    const error = unavailable()
    for (const connection of registry.all()) if (connection.userId !== undefined) endSubscriptions(connection, error)
  }

  function requireFresh(): void {
    if (!control.fresh) throw unavailable()
  }

  return {
    requireFresh,
    admit(identity) {
      if (identity.user === undefined) return
      requireFresh()
      if (control.isRevoked(proofOf(identity))) throw new MagpieError("UNAUTHORIZED", "revoked")
    },
    guard() {
      if (!control.fresh) endAll()
    },
    close: stop,
  }
}

function endSubscriptions(connection: Connection, error: MagpieError): void {
  for (const subscription of [...connection.subscriptions.values()]) connection.drop(subscription, error)
}

function unavailable(): MagpieError {
  return new MagpieError("UNAVAILABLE", "this server cannot tell who was revoked", { retryAfterMs: STALE_RETRY_MS })
}
