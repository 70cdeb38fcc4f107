import type { ListingConnections } from "../../core/listing-connections.ts"
import { part } from "../answers.ts"
import { integer, oneOf, optional, text } from "../description.ts"
import { userId } from "../fields.ts"
import { requireUser } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

const PAGE_LENGTH = 100
const MAX_PAGE_LENGTH = 1_000

export function connectionsRoute(listing: ListingConnections): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/connections",
    action: "connections",
    summary: "List the open connections of this server, or of all",
    about:
      "In the order of their ids, page by page: whoever is connected from the first page to the last is listed once. `cursor` is there as long as there is more. With `of=cluster` those of all servers, each with its `node`; `missing` then names live nodes that did not answer within a second, and what they have is left out.",
    query: {
      user: optional(userId("Only those of this user.")),
      of: optional(oneOf(["server", "cluster"], "Whose connections. Default: server.")),
      limit: optional(integer(1, MAX_PAGE_LENGTH, `How many at most. Default: ${PAGE_LENGTH}.`)),
      cursor: optional(text(64, "Where the page before ended.")),
    },
    answers: {
      200: {
        about: "A page.",
        schema: {
          type: "object",
          properties: {
            connections: { type: "array", items: part("Connection") },
            cursor: { type: "string", description: "For the next page; absent on the last." },
            missing: { type: "array", items: { type: "string" }, description: "With `of=cluster`: nodes that did not answer." },
          },
          required: ["connections"],
        },
      },
    },
    errors: [],
    async handle({ caller, query: { user, of = "server", limit = PAGE_LENGTH, cursor = "" } }) {
      requireUser(caller, user)
      const question = { user, limit, cursor }
      const { more, ...page } = of === "cluster" ? await listing.everywhere(question) : listing.here(question)
      const last = page.connections.at(-1)?.id
      // Where all that are known lie behind what a node that has more was able to say, the page is empty and the cursor stays.
      return ok({ ...page, ...(more ? { cursor: last ?? cursor } : undefined) })
    },
  })
}
