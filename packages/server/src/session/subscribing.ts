import {
  type ChannelMatch,
  type Contract,
  type Limits,
  MagpieError,
  type Subscribe,
  toMagpieError,
  type Unsubscribe,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import type { Identity } from "../access/identity.ts"
import type { KindHandler } from "../kinds/kind-handler.ts"
import type { Connection } from "./connection.ts"
import { ANSWER_BYTES } from "./send-queue.ts"

export interface SubscribingOptions {
  readonly contract: Contract
  readonly limits: Pick<Limits, "subscriptionsPerConnection">
  readonly authorizer: Authorizer
  readonly handlerOf: (kind: string) => KindHandler
  /** Resolves when it is this one's turn; undefined where it is now. */
  readonly turn: () => Promise<void> | undefined
  /** Fails with UNAVAILABLE where nothing new is begun for this connection. */
  readonly requireStaying: (connection: Connection) => void
}

/** Begins and ends what connections follow. Of one channel the latest request counts, whatever the earlier ones wait for [F66]. */
export interface Subscribing {
  /** Settles when the connection's next message may be decided. Fails with what is the answer to this one. */
  subscribe(connection: Connection, message: Subscribe): Promise<void>
  unsubscribe(connection: Connection, message: Unsubscribe): void
}

/** Whether an answer that its message has not made room for may go out. Nobody waits for a connection that has ended. */
function hasRoom({ open, queue }: Connection): boolean {
  return open === undefined || queue.hasRoom(ANSWER_BYTES)
}

export function createSubscribing(options: SubscribingOptions): Subscribing {
  const { contract, limits, authorizer, handlerOf, turn, requireStaying } = options
  /** Requests that wait for this node to know enough, by channel. */
  const waiting = new WeakMap<Connection, Map<string, Subscribe>>()

  async function requireAllowed(connection: Connection, { channel }: Subscribe, match: ChannelMatch): Promise<void> {
    if (!(await authorizer.allowed(connection, channel, match, "subscribe"))) throw forbidden(channel, "subscribe")
  }

  function requirePlace(taken: number): void {
    if (taken < limits.subscriptionsPerConnection) return
    const details = { limit: "subscriptionsPerConnection" }
    throw new MagpieError("LIMIT_EXCEEDED", `a connection follows at most ${limits.subscriptionsPerConnection} channels`, { details })
  }

  function begin(connection: Connection, message: Subscribe, match: ChannelMatch): void {
    const { channel } = message
    const earlier = connection.subscriptions.get(channel)
    if (earlier === undefined) requirePlace(connection.subscriptions.size)
    earlier?.end()
    connection.subscriptions.delete(channel)
    connection.subscriptions.set(channel, handlerOf(match.kind.kind).subscribe(connection, message, match))
  }

  /** Beside whatever else the connection says meanwhile: a node may be behind for longer than a client waits for a pong. */
  function beginAfter(wait: Promise<void>, connection: Connection, message: Subscribe, match: ChannelMatch): void {
    const { channel } = message
    // Many have waited for the same. It may fail for one that finds no place as well.
    const waited = wait.then(turn).then(() => undefined, toMagpieError)
    const own = waiting.get(connection) ?? new Map<string, Subscribe>()
    requirePlace(own.size)
    waiting.set(connection, own.set(channel, message))
    void connection.answer(message.id, async () => {
      const late = await waited
      let failure: MagpieError | undefined
      let asked: Identity | undefined
      // By the rights that hold when it begins: a fresh token may come while they are asked for, and others may take the room.
      do {
        while (!hasRoom(connection)) await connection.queue.nextRoom()
        asked = connection.identity
        failure = late ?? (await requireAllowed(connection, message, match).then(() => undefined, toMagpieError))
      } while (asked !== connection.identity || !hasRoom(connection))
      if (own.get(channel) !== message) return
      own.delete(channel)
      if (connection.open === undefined) return
      if (failure !== undefined) throw failure
      requireStaying(connection)
      begin(connection, message, match)
    })
  }

  /** Answers a request that still waits: another one has taken its place. */
  function giveUp(connection: Connection, channel: string): void {
    const own = waiting.get(connection)
    const message = own?.get(channel)
    if (message === undefined) return
    own?.delete(channel)
    connection.refuse(message.id, new MagpieError("ABORTED", "a later request for the channel has taken the place of this one"))
  }

  return {
    async subscribe(connection, message) {
      const match = contract.match(message.channel)
      await requireAllowed(connection, message, match)
      if (connection.open === undefined) return
      giveUp(connection, message.channel)
      const wait = handlerOf(match.kind.kind).whenReady?.(message)
      if (wait === undefined) begin(connection, message, match)
      else beginAfter(wait, connection, message, match)
    },
    unsubscribe(connection, { id, channel }) {
      giveUp(connection, channel)
      connection.subscriptions.get(channel)?.end()
      connection.subscriptions.delete(channel)
      connection.send({ type: "unsubscribed", ...(id === undefined ? undefined : { id }), channel })
    },
  }
}
