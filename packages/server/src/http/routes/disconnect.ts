import { MagpieError } from "@magpie/protocol"
import type { Disconnecting, DisconnectTarget } from "../../core/disconnecting.ts"
import { boolean, object, optional, text } from "../description.ts"
import { userId } from "../fields.ts"
import { type ApiCaller, requireUser } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

export function disconnectRoute(disconnecting: Pick<Disconnecting, "end" | "reachesOthers">): GuardedRoute {
  function targetOf(caller: ApiCaller, connection: string | undefined, user: string | undefined): DisconnectTarget {
    if ((connection === undefined) === (user === undefined))
      throw new MagpieError("BAD_REQUEST", "name a connection or a user", { details: { field: "connection" } })
    if (user !== undefined) requireUser(caller, user)
    // A connection of somebody else's is as good as none.
    return user === undefined ? { connection: connection ?? "", of: caller.users } : { user }
  }

  return guarded({
    method: "POST",
    path: "/disconnect",
    action: "disconnect",
    summary: "Close one connection, or all of a user",
    about:
      "On every server of the cluster: on the one that is asked at once, on the others as soon as they hear of it. A client that is closed so comes back with what it may do by then, unless `comeBack` is false: then it stops. It keeps nobody out; see revoke. Asking again does no harm.",
    body: object({
      connection: optional(text(64, "The connection's id.")),
      user: optional(userId("The user whose connections are closed, instead.")),
      comeBack: optional(boolean("Whether the client shall connect again. Default: true.")),
    }),
    answers: {
      200: {
        about: "Closed.",
        schema: {
          type: "object",
          properties: {
            disconnected: { type: "integer", description: "How many on the server that was asked." },
            othersTold: {
              type: "boolean",
              description:
                "Whether the cluster's other servers were told too. They do not answer, and one that nobody can reach just now does not hear of it. False where there is no cluster, or no bus between its servers.",
            },
          },
          required: ["disconnected", "othersTold"],
        },
      },
    },
    errors: [],
    handle({ caller, body: { connection, user, comeBack = true } }) {
      const target = targetOf(caller, connection, user)
      const disconnected = disconnecting.end({ target, close: comeBack ? "RIGHTS_CHANGED" : "REVOKED" })
      return ok({ disconnected, othersTold: disconnecting.reachesOthers })
    },
  })
}
