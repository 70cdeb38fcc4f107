import { MAX_BUS_MESSAGE_BYTES } from "@magpie/journal"
import type { Connection } from "../session/connection.ts"
import type { Registry } from "../session/registry.ts"
import type { Asking } from "./asking.ts"

/** An open connection as a back end sees it. */
export interface ListedConnection {
  readonly id: string
  readonly user: string | undefined
  readonly address: string
  readonly userAgent: string | undefined
  readonly openedAt: number
  readonly channels: readonly string[]
  /** The server that it is on, where there are several. */
  readonly node?: string
}

export interface ConnectionsQuestion {
  readonly user: string | undefined
  readonly limit: number
  /** Those with a greater id. */
  readonly cursor: string
}

export interface ConnectionsPage {
  readonly connections: readonly ListedConnection[]
  /** There are others behind the last one. */
  readonly more: boolean
}

export interface ClusterConnectionsPage extends ConnectionsPage {
  /** Live nodes that did not answer in time, by their ids. */
  readonly missing: readonly string[]
}

/** Connections in the order of their ids, which are drawn at random, so that each page of a cluster is about as much of each node. */
export interface ListingConnections {
  here(question: ConnectionsQuestion): ConnectionsPage
  /** Of all nodes; fails as `Asking.ask`. */
  everywhere(question: ConnectionsQuestion): Promise<ClusterConnectionsPage>
}

const WHAT = "connections"
/** Of an answer between nodes, in UTF-16 units as JSON: as bytes they are at most three times as many. */
const MOST_UNITS = Math.floor(MAX_BUS_MESSAGE_BYTES / 4)

export function createListingConnections(
  registry: Pick<Registry, "all" | "ofUser">,
  asking: Asking,
  nodeId: () => string,
): ListingConnections {
  function here({ user, limit, cursor }: ConnectionsQuestion): ConnectionsPage {
    const found = smallestAfter(cursor, limit + 1, user === undefined ? registry.all() : registry.ofUser(user))
    return { connections: found.slice(0, limit).map(described), more: found.length > limit }
  }

  asking.answer(WHAT, (question) => {
    const asked = questionOf(question)
    return asked && cut(here(asked))
  })

  return {
    here,
    async everywhere(question) {
      const { answers, missing } = await asking.ask(WHAT, question)
      const pages = [...answers].flatMap(([node, page]) => pageOf(page, node) ?? [])
      const silent = [...answers.keys()].filter((node) => pageOf(answers.get(node), node) === undefined)
      return { ...merged([withNode(here(question), nodeId()), ...pages], question.limit), missing: [...missing, ...silent].sort() }
    },
  }
}

function described({ id, userId: user, request, openedAt, subscriptions }: Connection): ListedConnection {
  return { id, user, address: request.address, userAgent: request.userAgent, openedAt, channels: [...subscriptions.keys()] }
}

/** As many as fit between nodes; of one that does not, what does. */
function cut({ connections, more }: ConnectionsPage): ConnectionsPage {
  let units = 0
  const kept: ListedConnection[] = []
  for (const connection of connections) {
    const its = shortened(connection)
    units += JSON.stringify(its).length
    if (units > MOST_UNITS && kept.length > 0) return { connections: kept, more: true }
    kept.push(its)
  }
  return { connections: kept, more }
}

function shortened(connection: ListedConnection): ListedConnection {
  let units = 0
  const channels = connection.channels.filter((channel) => {
    units += channel.length
    return units < MOST_UNITS / 2
  })
  return { ...connection, channels }
}

function withNode({ connections, more }: ConnectionsPage, node: string): ConnectionsPage {
  return { connections: connections.map((connection) => ({ ...connection, node })), more }
}

/** Up to where all that have more were heard. */
function merged(pages: readonly ConnectionsPage[], limit: number): ConnectionsPage {
  const ends = pages.flatMap(({ connections, more }) => (more ? [connections.at(-1)?.id ?? ""] : []))
  const horizon = ends.sort()[0]
  const all = pages.flatMap(({ connections }) => connections).sort((a, b) => (a.id < b.id ? -1 : 1))
  const known = all.filter(({ id }) => horizon === undefined || id <= horizon)
  const connections = known.slice(0, limit)
  return { connections, more: connections.length < all.length || horizon !== undefined }
}

function questionOf(question: unknown): ConnectionsQuestion | undefined {
  const { user, limit, cursor } = Object(question) as { readonly [field: string]: unknown }
  if (typeof limit !== "number" || typeof cursor !== "string" || (user !== undefined && typeof user !== "string")) return undefined
  return { user, limit, cursor }
}

/** Undefined for what a node of another version may say. */
function pageOf(page: unknown, node: string): ConnectionsPage | undefined {
  const { connections, more } = Object(page) as Partial<ConnectionsPage>
  return Array.isArray(connections) && typeof more === "boolean" ? withNode({ connections, more }, node) : undefined
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
