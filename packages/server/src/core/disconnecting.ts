import type { Bus } from "@magpie/journal"
import type { CloseName, Random } from "@magpie/protocol"
import type { Connection } from "../session/connection.ts"
import type { Registry } from "../session/registry.ts"
import { toHex } from "../session/session-token.ts"
import { parseBusJson } from "./bus-json.ts"

/** Ends connections wherever in the cluster they are. */
export interface Disconnecting {
  /** Whether other nodes hear of it: false where this one is alone, or has no bus. */
  readonly reachesOthers: boolean
  /**
   * Ends what is open on this node and returns how many that were. Other nodes are told over the bus, at most once, end what
   * they have, and do not answer. Doing it again does no harm.
   */
  end(order: DisconnectOrder): number
  close(): void
}

/** All connections of a user; or one connection by its id, if it is one of those users'. */
export type DisconnectTarget =
  | { readonly user: string; readonly connection?: never }
  | { readonly connection: string; readonly of: readonly string[] | "any"; readonly user?: never }

export interface DisconnectOrder {
  readonly target: DisconnectTarget
  /** Says whether the client comes back. */
  readonly close: Extract<CloseName, "RIGHTS_CHANGED" | "REVOKED">
}

export interface DisconnectingOptions {
  readonly bus: Bus | undefined
  readonly random: Pick<Random, "bytes">
  readonly registry: Pick<Registry, "get" | "ofUser">
}

type Message = DisconnectOrder & { readonly origin: string }

const SUBJECT = "disconnect"
const ORIGIN_BYTES = 8
/** Of ids, each of which takes about a kilobyte at most, so many fit into a message. */
const USERS_PER_MESSAGE = 100
const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

export function createDisconnecting({ bus, random, registry }: DisconnectingOptions): Disconnecting {
  let origin: string | undefined
  const stop = bus?.subscribe(SUBJECT, (bytes) => {
    const message = decode(bytes)
    // A bus may bring back what one has said.
    if (message !== undefined && message.origin !== origin) endHere(message)
  })

  function chosen(target: DisconnectTarget): readonly Connection[] {
    if (target.user !== undefined) return [...registry.ofUser(target.user)].filter(({ open }) => open !== undefined)
    const connection = registry.get(target.connection)
    return connection?.open !== undefined && isOf(connection.userId, target.of) ? [connection] : []
  }

  function endHere({ target, close }: DisconnectOrder): number {
    const connections = chosen(target)
    for (const connection of connections) connection.close(close, "disconnected by a back end")
    return connections.length
  }

  return {
    reachesOthers: bus !== undefined,
    end(order) {
      origin ??= toHex(random.bytes(ORIGIN_BYTES))
      for (const target of parts(order.target)) bus?.publish(SUBJECT, encode({ ...order, target, origin }))
      return endHere(order)
    },
    close: () => stop?.(),
  }
}

function isOf(user: string | undefined, users: readonly string[] | "any"): boolean {
  return users === "any" || (user !== undefined && users.includes(user))
}

/** As many users at a time as a message holds; a connection is one user's, so that one part at most ends it. */
function parts(target: DisconnectTarget): readonly DisconnectTarget[] {
  if (target.user !== undefined || target.of === "any") return [target]
  const { connection, of } = target
  const count = Math.ceil(of.length / USERS_PER_MESSAGE)
  return Array.from({ length: count }, (_, at) => ({ connection, of: of.slice(at * USERS_PER_MESSAGE, (at + 1) * USERS_PER_MESSAGE) }))
}

function encode(message: Message): Uint8Array {
  return utf8.encode(JSON.stringify(message))
}

/** Undefined for what is none of this version. The bus is the cluster's own, so the rest is taken at its word. */
function decode(bytes: Uint8Array): Message | undefined {
  const message = Object(parseBusJson(fromUtf8.decode(bytes))) as Partial<Message>
  const { origin, close, target } = message
  const isKnown = typeof origin === "string" && (close === "RIGHTS_CHANGED" || close === "REVOKED")
  return isKnown && isTarget(target) ? (message as Message) : undefined
}

function isTarget(target: unknown): boolean {
  const { user, connection, of } = Object(target) as { readonly [field: string]: unknown }
  return typeof user === "string" || (typeof connection === "string" && (of === "any" || Array.isArray(of)))
}
