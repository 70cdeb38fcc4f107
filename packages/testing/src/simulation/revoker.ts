import type { RevocationTarget } from "@magpie/journal"
import { type Clock, toMagpieError } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import type { SimulatedNode } from "./simulated-node.ts"

/** Code beside a server that puts somebody out, and asks one server after the other until it is told that this is done. */
export interface Revoker {
  /** Returns how to give up. */
  revoke(target: RevocationTarget, forMs: number): () => void
}

export interface RevokerOptions {
  readonly clock: Clock
  readonly judge: Judge
  pickNode(): SimulatedNode
}

const RETRY_MS = 250
/** A process that dies or stands still does not answer. */
const PATIENCE_MS = 5_000

export function createRevoker({ clock, judge, pickNode }: RevokerOptions): Revoker {
  return {
    revoke(target, forMs) {
      let over = false

      function attempt(): void {
        if (over) return
        const node = pickNode()
        let waiting = true
        const again = (afterMs: number): void => {
          if (!waiting) return
          waiting = false
          clock.setTimer(afterMs, attempt)
        }
        const patience = clock.setTimer(PATIENCE_MS, () => again(0))
        node.run(() => {
          const { core } = node
          if (core === undefined) return
          const settled = judge.revocations.asked(target, Math.floor(node.wallClock.now()), forMs)
          core
            .revoke({ ...target, forMs })
            .then(
              () => {
                settled()
                over = true
              },
              (failure: unknown) => {
                judge.reached(`revoke-${toMagpieError(failure).code}`)
                again(RETRY_MS)
              },
            )
            .finally(() => patience.cancel())
            .catch(judge.broken)
        })
      }

      attempt()
      return () => {
        over = true
      }
    },
  }
}
