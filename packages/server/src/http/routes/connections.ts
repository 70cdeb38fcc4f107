import type { Connection } from "../../session/connection.ts"
import type { Registry } from "../../session/registry.ts"
import { part } from "../answers.ts"
import { integer, optional, text } from "../description.ts"
import { userId } from "../fields.ts"
import { requireUser } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

const PAGE_LENGTH = 100
const MAX_PAGE_LENGTH = 1_000

export function connectionsRoute(registry: Pick<Registry, "all" | "ofUser">): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/connections",
    action: "connections",
    summary: "List the open connections of this server",
    about:
      "In the order of their ids, page by page: whoever is connected from the first page to the last is listed once. `cursor` is there as long as there is more.",
    query: {
      user: optional(userId("Only those of this user.")),
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
          },
          required: ["connections"],
        },
      },
    },
    errors: [],
    handle({ caller, query: { user, limit = PAGE_LENGTH, cursor = "" } }) {
      requireUser(caller, user)
      const found = smallestAfter(cursor, limit + 1, user === undefined ? registry.all() : registry.ofUser(user))
      const page = found.slice(0, limit)
      const last = page.at(-1)
      return ok({ connections: page.map(described), ...(found.length > limit && last ? { cursor: last.id } : undefined) })
    },
  })
}

function described({ id, userId: user, request, openedAt, subscriptions }: Connection): object {
  return { id, user, address: request.address, userAgent: request.userAgent, openedAt, channels: [...subscriptions.keys()] }
}

/** The first `count` open ones by id, without sorting them all: a page of 50,000 costs one look at each. */
function smallestAfter(cursor: string, count: number, connections: Iterable<Connection>): readonly Connection[] {
  const kept: Connection[] = []
  for (const connection of connections) {
    const { id, open } = connection
    if (open === undefined || id <= cursor) continue
    const last = kept.at(-1)
    if (kept.length === count && last !== undefined && id > last.id) continue
    kept.splice(placeOf(id, kept), 0, connection)
    if (kept.length > count) kept.pop()
  }
  return kept
}

function placeOf(id: string, sorted: readonly Connection[]): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.id ?? "") < id) low = middle + 1
    else high = middle
  }
  return low
}
