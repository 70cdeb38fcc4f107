import type { Access } from "../access/access.ts"
import type { User } from "../access/identity.ts"
import type { ApiOptions } from "../options.ts"
import { type Api, type ApiContext, createApi } from "./api.ts"
import { createCallers } from "./callers.ts"
import { createRoutes, type RoutesContext } from "./routes.ts"

export interface CoreApiContext
  extends Omit<ApiContext, "prefix" | "routes" | "callers" | "origins">,
    Omit<RoutesContext, "prefix" | "log" | "revoke"> {
  readonly access: Access<User>
  /** The durable log, beside the one for lines. */
  readonly durable: RoutesContext["log"]
}

/** The HTTP API of a core; undefined where its options leave it out. */
export function createCoreApi(options: Required<ApiOptions> | undefined, context: CoreApiContext): Api | undefined {
  if (options === undefined) return undefined
  const { access, durable, log, clock, limits } = context
  const { auth, refusals, revocations, revoke } = access
  return createApi({
    ...context,
    ...options,
    callers: createCallers({ auth, refusals, clock, limits, log, admit: revocations.admit }),
    routes: createRoutes({ ...context, ...options, log: durable, revoke }),
  })
}
