import type { RevocationTarget } from "@magpie/journal"
import { orgOf } from "../simulated-token.ts"
import { addressOf } from "./client-faults.ts"
import type { FaultRow } from "./fault-row.ts"

/** What is revoked: mostly a user, else what its page came in with, or a claim that it shares. */
export function targetOf(user: string, page: string, choice: number): RevocationTarget {
  if (choice < 0.5) return { user }
  return choice < 0.75 ? { token: page } : { claim: { org: orgOf(user) } }
}

/** Whether that concerns another user, or the same. */
export function isPutOut(user: string, target: string, choice: number): boolean {
  return user === target || (choice >= 0.75 && orgOf(user) === orgOf(target))
}

/** Somebody is put out through the API, and comes in again when that is over. */
export const ACCESS_FAULTS = {
  revoked: {
    on: "client",
    weight: 0,
    forMs: [1_000, 9_000],
    strike({ revoker, clients }, { target, amount, forMs }) {
      const client = clients[target]
      return client && revoker.revoke(targetOf(addressOf(target), client.publisher, amount), forMs)
    },
  },
} as const satisfies Record<string, FaultRow>
