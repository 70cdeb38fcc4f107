import type { DurableLog } from "@magpie/journal"
import type { Clock, Contract, Limits, Publication } from "@magpie/protocol"
import type { RevokeOptions } from "../access/access.ts"
import type { Disconnecting } from "../core/disconnecting.ts"
import type { ListingConnections } from "../core/listing-connections.ts"
import type { Readiness } from "../core/readiness.ts"
import type { ServerPresence } from "../presence/read-presence.ts"
import { type CommandingOptions, createCommanding } from "./commanding.ts"
import { openApiDocument } from "./openapi.ts"
import { createPublisher } from "./publisher.ts"
import type { OpenRoute, Route } from "./route.ts"
import { batchRoute } from "./routes/batch.ts"
import { changeRoute } from "./routes/change.ts"
import { commandRoutes } from "./routes/commands.ts"
import { connectionsRoute } from "./routes/connections.ts"
import { disconnectRoute } from "./routes/disconnect.ts"
import { historyRoute } from "./routes/history.ts"
import { presenceRoute } from "./routes/presence.ts"
import { publishRoute } from "./routes/publish.ts"
import { receiptsRoute } from "./routes/receipts.ts"
import { revokeRoute } from "./routes/revoke.ts"
import { healthRoute, readyRoute } from "./routes/status.ts"
import { versionsRoute } from "./routes/versions.ts"

/** What the routes act on. */
export interface RoutesContext extends Pick<CommandingOptions, "random" | "live" | "runner" | "authorizer"> {
  readonly prefix: string
  readonly contract: Contract
  readonly clock: Clock
  readonly limits: Limits
  readonly log: DurableLog
  readonly listing: ListingConnections
  readonly disconnecting: Disconnecting
  readonly broadcast: (publication: Publication) => void
  readonly presence: (channel: string) => ServerPresence
  readonly revoke: (options: RevokeOptions) => Promise<void>
  readonly readiness: () => Readiness
  /** There is too much to carry to read history for anybody. */
  readonly shedsHistory: () => boolean
}

/** The HTTP API, a row a route. */
export function createRoutes(context: RoutesContext): readonly Route[] {
  const { prefix, contract, clock, limits, log, listing, disconnecting, broadcast, presence, revoke, readiness, shedsHistory } = context
  const publisher = createPublisher({ contract, clock, limits, log, broadcast })
  const routes: Route[] = [
    publishRoute(publisher),
    batchRoute(publisher, limits),
    changeRoute(publisher),
    historyRoute({ contract, limits, log, sheds: shedsHistory }),
    versionsRoute({ contract, limits, log }),
    receiptsRoute({ contract, limits, log }),
    ...commandRoutes(createCommanding(context), limits),
    presenceRoute({ contract, limits, of: presence }),
    connectionsRoute(listing),
    disconnectRoute(disconnecting),
    revokeRoute(revoke, clock),
    healthRoute(),
    readyRoute(readiness),
  ]
  return [...routes, descriptionRoute(routes, prefix)]
}

function descriptionRoute(routes: readonly Route[], prefix: string): OpenRoute {
  let body: string | undefined
  const route: OpenRoute = {
    method: "GET",
    path: "/openapi.json",
    summary: "This description",
    about: "The API as an OpenAPI 3.1 document.",
    answers: { 200: { about: "The document.", schema: { type: "object" } } },
    answer() {
      body ??= JSON.stringify(openApiDocument([...routes, route], prefix))
      return { status: 200, body }
    },
  }
  return route
}
