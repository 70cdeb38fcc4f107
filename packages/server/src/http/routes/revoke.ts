import { type Clock, MagpieError, toMagpieError } from "@magpie/protocol"
import type { RevokeOptions } from "../../access/access.ts"
import { laterInsteadOfClosed } from "../../kinds/leaving-log.ts"
import { anything, integer, object, optional, text } from "../description.ts"
import { userId } from "../fields.ts"
import { requireUser } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

const DAY_MS = 86_400_000
const YEAR_MS = 366 * DAY_MS
const DEFAULT_MS = 30 * DAY_MS

export function revokeRoute(revoke: (options: RevokeOptions) => Promise<void>, clock: Clock): GuardedRoute {
  return guarded({
    method: "POST",
    path: "/revoke",
    action: "revoke",
    summary: "Take back what somebody came in with",
    about:
      "On every node within a second: whoever came in with it is sent away for good, and it lets nobody in again for as long as you say. Credentials that are issued later hold. Answers when it is in force.",
    body: object({
      user: optional(userId("Everything that was issued to this user.")),
      token: optional(text(256, "One token by its `jti`, or one key by its id, instead.")),
      claim: optional(anything('Whatever carries this claim, instead: an object with one text, number or boolean, as { "org": "acme" }.')),
      forMs: optional(integer(1, YEAR_MS, "For how long, in milliseconds: as long as what was issued lives. Default: 30 days.")),
    }),
    answers: {
      200: {
        about: "In force.",
        schema: {
          type: "object",
          properties: { until: { type: "integer", description: "The server's time in milliseconds since 1970." } },
          required: ["until"],
        },
      },
    },
    errors: ["LIMIT_EXCEEDED", "STORAGE_FENCED"],
    async handle({ caller, body: { user, token, claim, forMs = DEFAULT_MS } }) {
      const targets = Object.entries({ user, token, claim }).filter(([, value]) => value !== undefined)
      if (targets.length !== 1) throw new MagpieError("BAD_REQUEST", "name one of user, token and claim", { details: { field: "user" } })
      requireUser(caller, user)
      const until = Math.floor(clock.now()) + forMs
      try {
        // What it is of is checked where it is written.
        await revoke({ ...Object.fromEntries(targets), forMs } as RevokeOptions)
      } catch (failure) {
        throw laterInsteadOfClosed(toMagpieError(failure))
      }
      return ok({ until })
    },
  })
}
