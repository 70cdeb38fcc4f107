import type { Control } from "@magpie/journal"
import { type CloseName, MagpieError } from "@magpie/protocol"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
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

export interface RevocationsOptions {
  readonly control: Control
  readonly registry: Pick<Registry, "users">
  readonly wheel: TimingWheel
}

/**
 * Sends away whoever is revoked, from the moment on in which this node hears of it. A node that may have missed it gives
 * nothing more to anybody who has a name: within a tick of the wheel their subscriptions end with UNAVAILABLE.
 */
export function createRevocations({ control, registry, wheel }: RevocationsOptions): Revocations {
  const stop = control.onChange((change) => {
    if (change.type === "revoked") sendAway(change.user)
  })
  let watching = false
  /** What was subscribed has ended, because this node may have missed something. */
  let suspended = false

  const watched: Watched = {
    check() {
      watching = registry.users.size > 0
      if (!watching) return undefined
      if (!control.fresh) suspend()
      else if (suspended) goOn()
      return 0
    },
  }

  function sendAway(user: string, close: CloseName = "REVOKED", reason = "the user was revoked"): void {
    for (const connection of [...(registry.users.get(user) ?? [])]) connection.close(close, reason)
  }

  function suspend(): void {
    suspended = true
    const error = stale()
    for (const connections of registry.users.values()) {
      for (const connection of connections) {
        for (const subscription of connection.subscriptions.values()) connection.drop(subscription, error)
      }
    }
  }

  /** What was missed may have come as a whole, without a word for each. */
  function goOn(): void {
    suspended = false
    for (const user of [...registry.users.keys()]) {
      try {
        if (control.isRevoked(user)) sendAway(user)
      } catch {
        // What is stored of this one is damaged: nobody knows, and the others must not wait for that.
        sendAway(user, "TRY_AGAIN_LATER", "cannot tell whether the user was revoked")
      }
    }
  }

  function requireFresh(): void {
    if (!control.fresh) throw stale()
    if (suspended) goOn()
  }

  return {
    requireFresh,
    admit({ user }) {
      if (user === undefined) return
      requireFresh()
      if (control.isRevoked(user.id)) throw new MagpieError("UNAUTHORIZED", "the user was revoked")
      if (watching) return
      watching = true
      wheel.watch(watched, 0)
    },
    close: stop,
  }
}

function stale(): MagpieError {
  return new MagpieError("UNAVAILABLE", "this server cannot tell who was revoked", { retryAfterMs: STALE_RETRY_MS })
}
