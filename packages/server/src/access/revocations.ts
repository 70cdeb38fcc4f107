import { type Control, isRevokedBy, type Revocation, userOfRevocation } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import type { Connection } from "../session/connection.ts"
import type { Registry } from "../session/registry.ts"
import { type Identity, isRevocable, proofOf } from "./identity.ts"

const STALE_RETRY_MS = 500

/** Who may no longer come in, as the log says it for all nodes [G10]. */
export interface Revocations {
  /** Fails with UNAVAILABLE where this node may not have heard of the newest ones: then nothing is granted. */
  requireFresh(): void
  /** Fails with UNAUTHORIZED for what was revoked, and as `requireFresh`. Asked in the very turn in which somebody is let in. */
  admit(identity: Identity): void
  /** To be asked before anything is delivered: ends the subscriptions of whoever can be revoked where this node is no longer fresh. */
  guard(): void
  close(): void
}

export interface RevocationsOptions {
  readonly control: Control
  readonly registry: Pick<Registry, "ofUser" | "all" | "users">
  readonly wheel: TimingWheel
}

/**
 * Sends away whoever is revoked, from the moment on in which this node hears of it. A node that may have missed it gives
 * nothing more to anybody who can be revoked: their subscriptions end with UNAVAILABLE, when the log says so, before anything is
 * delivered, and within a tick of the wheel.
 */
export function createRevocations({ control, registry, wheel }: RevocationsOptions): Revocations {
  const stop = control.onChange((change) => {
    if (change.type === "revoked") sendAway(change)
    else if (change.type === "stale") suspend()
  })
  let watching = false
  /** What was subscribed has ended, because this node may have missed something. */
  let suspended = false

  const watched: Watched = {
    check() {
      watching = registry.users.size > 0
      if (!watching) return undefined
      if (control.fresh) goOn()
      else suspend()
      return 0
    },
  }

  function sendAway(revocation: Revocation): void {
    const user = userOfRevocation(revocation)
    for (const connection of [...(user === undefined ? registry.all() : registry.ofUser(user))]) {
      const { identity } = connection
      if (identity !== undefined && isRevokedBy(revocation, proofOf(identity))) leave(connection)
    }
  }

  /** They ask again with their positions, here once the node is fresh, or elsewhere. */
  function endAll(): void {
    const error = stale()
    for (const connection of registry.all()) if (isRevocable(connection.identity)) endSubscriptions(connection, error)
  }

  function suspend(): void {
    suspended = true
    endAll()
  }

  /** What was missed may have come as a whole, without a word for each. */
  function goOn(): void {
    if (!suspended) return
    suspended = false
    for (const connection of [...registry.all()]) {
      const { identity } = connection
      if (!isRevocable(identity)) continue
      try {
        if (control.isRevoked(proofOf(identity))) leave(connection)
      } catch {
        // What is stored of this one is damaged: nobody knows, and the others must not wait for that.
        connection.close("TRY_AGAIN_LATER", "cannot tell whether it was revoked")
      }
    }
  }

  function requireFresh(): void {
    if (!control.fresh) throw stale()
    goOn()
  }

  return {
    requireFresh,
    admit(identity) {
      if (!isRevocable(identity)) return
      requireFresh()
      if (control.isRevoked(proofOf(identity))) throw new MagpieError("UNAUTHORIZED", "revoked")
      if (watching) return
      watching = true
      wheel.watch(watched, 0)
    },
    guard() {
      if (!suspended && !control.fresh) suspend()
    },
    close: stop,
  }
}

function leave(connection: Connection): void {
  connection.close("REVOKED", "revoked")
}

function endSubscriptions(connection: Connection, error: MagpieError): void {
  for (const subscription of [...connection.subscriptions.values()]) connection.drop(subscription, error)
}

function stale(): MagpieError {
  return new MagpieError("UNAVAILABLE", "this server cannot tell who was revoked", { retryAfterMs: STALE_RETRY_MS })
}
