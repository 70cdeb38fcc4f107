import { MagpieError } from "@magpie/protocol"
import type { Connection } from "../../session/connection.ts"
import type { Registry } from "../../session/registry.ts"
import { boolean, object, optional, text } from "../description.ts"
import { userId } from "../fields.ts"
import { type ApiCaller, requireUser } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

export function disconnectRoute(registry: Pick<Registry, "get" | "ofUser">): GuardedRoute {
  /** A connection of somebody else's is as good as none. */
  function ofId(caller: ApiCaller, id: string): readonly Connection[] {
    const connection = registry.get(id)
    return connection?.open !== undefined && caller.speaksFor(connection.userId) ? [connection] : []
  }

  function ofUser(caller: ApiCaller, user: string): readonly Connection[] {
    requireUser(caller, user)
    return [...registry.ofUser(user)].filter(({ open }) => open !== undefined)
  }

  return guarded({
    method: "POST",
    path: "/disconnect",
    action: "disconnect",
    summary: "Close one connection, or all of a user",
    about:
      "On this server. A client that is closed so comes back with what it may do by then, unless `comeBack` is false: then it stops. It keeps nobody out; see revoke.",
    body: object({
      connection: optional(text(64, "The connection's id.")),
      user: optional(userId("The user whose connections are closed, instead.")),
      comeBack: optional(boolean("Whether the client shall connect again. Default: true.")),
    }),
    answers: {
      200: {
        about: "Closed.",
        schema: { type: "object", properties: { disconnected: { type: "integer", description: "How many." } }, required: ["disconnected"] },
      },
    },
    errors: [],
    handle({ caller, body: { connection, user, comeBack = true } }) {
      if ((connection === undefined) === (user === undefined))
        throw new MagpieError("BAD_REQUEST", "name a connection or a user", { details: { field: "connection" } })
      const chosen = connection === undefined ? ofUser(caller, user ?? "") : ofId(caller, connection)
      for (const one of chosen) one.close(comeBack ? "RIGHTS_CHANGED" : "REVOKED", "disconnected by a back end")
      return ok({ disconnected: chosen.length })
    },
  })
}
