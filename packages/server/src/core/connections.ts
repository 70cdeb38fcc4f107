import type { ChannelName, KindOf, MessageInput, MessageName, PatternOf } from "@magpie/protocol"
import {
  CLOSE_CODES,
  type Clock,
  type CloseName,
  type Contract,
  MagpieError,
  type ServerCodec,
  toJsonText,
  validateMessage,
} from "@magpie/protocol"
import type { User } from "../access/identity.ts"
import { deliveryOf } from "../channel/delivery.ts"
import type { Connection } from "../session/connection.ts"
import type { Registry } from "../session/registry.ts"

/** The kind behind a name, where that is a broadcast. */
type BroadcastOf<C, N extends string> = Extract<KindOf<C, PatternOf<C, N>>, { readonly kind: "broadcast" }>

/** One open connection as server code sees it. */
export interface ConnectionHandle<C, U extends User> {
  readonly id: string
  readonly user: U | undefined
  readonly address: string
  readonly userAgent: string | undefined
  /** Wall time in milliseconds. */
  readonly openedAt: number
  readonly channels: readonly string[]
  /**
   * Sends a message of a broadcast channel to this connection alone, if it follows the channel. At most once: a connection
   * that does not read skips it, and is told. Returns whether it follows the channel.
   */
  send<const N extends ChannelName<C>, M extends MessageName<BroadcastOf<C, N>>>(
    channel: N,
    name: M,
    data: MessageInput<BroadcastOf<C, N>, M>,
  ): boolean
  /** Closes it; the close's name decides whether the client comes back. Default RIGHTS_CHANGED, after which it does. */
  disconnect(close?: CloseName, reason?: string): void
}

/** Who is here. */
export interface Connections<C, U extends User> extends Iterable<ConnectionHandle<C, U>> {
  readonly size: number
  get(id: string): ConnectionHandle<C, U> | undefined
  ofUser(user: string): readonly ConnectionHandle<C, U>[]
}

export interface ConnectionsOptions {
  readonly contract: Contract
  readonly codec: ServerCodec
  readonly clock: Clock
  readonly registry: Registry
}

export function createConnections<C, U extends User>({ contract, codec, clock, registry }: ConnectionsOptions): Connections<C, U> {
  function handleOf(connection: Connection): ConnectionHandle<C, U> {
    return {
      id: connection.id,
      // The authenticator that made the user is the one that U was inferred from.
      user: connection.identity?.user as U | undefined,
      address: connection.request.address,
      userAgent: connection.request.userAgent,
      openedAt: connection.openedAt,
      channels: [...connection.subscriptions.keys()],
      send(channel, name, data) {
        const match = contract.match(channel)
        if (match.kind.kind !== "broadcast") {
          throw new MagpieError("BAD_REQUEST", `"${channel}" is a ${match.kind.kind}: only a broadcast's message may go to one connection`)
        }
        const text = toJsonText(validateMessage(match.kind, name, data))
        const subscription = connection.subscriptions.get(channel)
        if (subscription === undefined) return false
        const publication = { channel, name, data: text, at: clock.now() }
        subscription.settle()
        subscription.deliver(deliveryOf([publication], codec), false)
        return true
      },
      disconnect: (close = "RIGHTS_CHANGED", reason = "disconnected by the server") => {
        if (!Object.hasOwn(CLOSE_CODES, close)) throw new MagpieError("BAD_REQUEST", `"${close}" is no close of Magpie`)
        connection.close(close, reason)
      },
    }
  }

  function* open(connections: Iterable<Connection>): Generator<ConnectionHandle<C, U>> {
    for (const connection of connections) if (connection.open !== undefined) yield handleOf(connection)
  }

  return {
    get size() {
      return registry.openSize
    },
    get(id) {
      const connection = registry.get(id)
      return connection?.open === undefined ? undefined : handleOf(connection)
    },
    ofUser: (user) => [...open([...registry.ofUser(user)])],
    [Symbol.iterator]: () => open([...registry.all()]),
  }
}
