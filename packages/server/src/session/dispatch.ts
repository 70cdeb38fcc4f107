import {
  type Clock,
  type Contract,
  type History,
  type Limits,
  MagpieError,
  type Ping,
  type Position,
  type Publish,
  parseUp,
  type Receipts,
  type Token,
  toMagpieError,
  type UpMessage,
  type Versions,
} from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { MessageRates } from "../access/message-rates.ts"
import type { SpeedCheck } from "../access/speed-check.ts"
import { createTurnstile } from "../flow/turnstile.ts"
import type { CommandHandler } from "../kinds/command.ts"
import type { KindHandler } from "../kinds/kind-handler.ts"
import type { Presence } from "../presence/presence.ts"
import type { Connection } from "./connection.ts"
import type { Greeting } from "./greeting.ts"
import type { PageMeter } from "./page-meter.ts"
import { createSubscribing } from "./subscribing.ts"

export interface DispatchOptions {
  readonly contract: Contract
  readonly clock: Clock
  readonly limits: Limits
  readonly kinds: Readonly<Record<string, KindHandler>>
  readonly authorizer: Authorizer
  readonly greeting: Greeting
  readonly tooFast: SpeedCheck
  readonly messageRates: MessageRates
  /** The server closes: nothing new is begun. */
  readonly leaving: () => boolean
  readonly mayReadPage: PageMeter
  readonly presence: Pick<Presence, "handle" | "reconsider">
  readonly commands: Pick<CommandHandler, "reconsider">
}

/** Decides about one decoded value of a connection. Everything that goes wrong becomes an answer on that connection. */
export type Dispatch = (connection: Connection, value: unknown) => void | Promise<void>

/** By then the close has told when to come back. */
const LEAVING_RETRY_MS = 250
/**
 * A greeting, or the beginning of a subscription, takes a fraction of a millisecond: when everybody comes back at once, so
 * many a turn hold the event loop for a few milliseconds and no longer.
 */
const BEGINNINGS_PER_TURN = 32

export function createDispatch(options: DispatchOptions): Dispatch {
  const { contract, clock, limits, kinds, authorizer, greeting, leaving, mayReadPage, presence, commands, tooFast, messageRates } = options
  const turnstile = createTurnstile(clock, BEGINNINGS_PER_TURN)
  const { subscribe, unsubscribe } = createSubscribing({
    contract,
    limits,
    authorizer,
    handlerOf,
    turn: () => turnstile.enter(),
    requireStaying,
  })

  function inTurn(task: () => Promise<void>): Promise<void> {
    const wait = turnstile.enter()
    return wait === undefined ? task() : wait.then(task)
  }

  function requireStaying({ departure }: Connection): void {
    if (leaving() || departure.announced) throw new MagpieError("UNAVAILABLE", "this server is leaving", { retryAfterMs: LEAVING_RETRY_MS })
  }

  function handlerOf(kind: string): KindHandler {
    const handler = kinds[kind]
    if (handler === undefined) throw new MagpieError("BAD_REQUEST", `this server has no channels of the kind "${kind}"`)
    return handler
  }

  function publish(connection: Connection, message: Publish): void | Promise<void> {
    const match = contract.match(message.channel)
    messageRates.take(match.pattern, message.name, { userId: connection.userId, address: connection.request.address })
    return handlerOf(match.kind.kind).publish(connection, message, match)
  }

  async function history(connection: Connection, message: History): Promise<void> {
    mayReadPage(connection)
    const match = contract.match(message.channel)
    await handlerOf(match.kind.kind).history(connection, message, match)
  }

  async function readAside(connection: Connection, message: Versions | Receipts): Promise<void> {
    mayReadPage(connection)
    const match = contract.match(message.channel)
    const handler = handlerOf(match.kind.kind)
    if (message.type === "versions" && handler.versions) return handler.versions(connection, message, match)
    if (message.type === "receipts" && handler.receipts) return handler.receipts(connection, message, match)
    throw new MagpieError("BAD_REQUEST", `a ${match.kind.kind} has no ${message.type}`, { details: { field: "channel" } })
  }

  /** A fresh token must be the same user's; what it no longer allows ends [F34]. */
  async function refreshToken(connection: Connection, message: Token): Promise<void> {
    const identity = await greeting.authenticate(connection, { token: message.token })
    const { open } = connection
    if (open === undefined) return
    greeting.admit(identity)
    if (identity.user?.id !== open.identity.user?.id) return connection.close("UNAUTHORIZED", "the token belongs to another user")
    connection.renew(identity)
    authorizer.forget(connection)
    const tokenExpiresInMs = identity.expiresAt === undefined ? undefined : Math.max(0, identity.expiresAt - clock.now())
    connection.send({
      type: "token",
      ...(message.id === undefined ? undefined : { id: message.id }),
      ...(tokenExpiresInMs === undefined ? undefined : { tokenExpiresInMs }),
    })
    for (const [channel, subscription] of connection.subscriptions) {
      const refusal = await authorizer.refusal(connection, channel, contract.match(channel), "subscribe")
      // Meanwhile the connection may have closed, or subscribed anew.
      if (refusal === undefined || connection.subscriptions.get(channel) !== subscription) continue
      connection.drop(subscription, refusal)
    }
    await presence.reconsider(connection)
    await commands.reconsider(connection)
  }

  function ping(connection: Connection, message: Ping): void {
    const ahead = new Map<string, Position>()
    const unknown: string[] = []
    for (const [channel, offset] of message.positions ?? []) {
      const subscription = connection.subscriptions.get(channel)
      if (subscription === undefined) unknown.push(channel)
      else if (!subscription.behind) {
        const newest = handlerOf(contract.match(channel).kind.kind).newest(channel)
        if (newest !== undefined && newest.offset > offset) ahead.set(channel, newest)
      }
    }
    connection.send({
      type: "pong",
      ...(message.id === undefined ? undefined : { id: message.id }),
      ...(ahead.size === 0 ? undefined : { ahead }),
      ...(unknown.length === 0 ? undefined : { unknown }),
    })
  }

  function act(connection: Connection, message: UpMessage): void | Promise<void> {
    if (message.type === "hello") {
      if (connection.state.name === "greeting") return inTurn(() => greeting.hello(connection, message))
      throw new MagpieError("BAD_REQUEST", "hello was said before", { details: { field: "type" } })
    }
    if (connection.open === undefined) throw new MagpieError("UNAUTHORIZED", "say hello first")
    requireStaying(connection)
    switch (message.type) {
      case "publish":
        return publish(connection, message)
      case "ping":
        return ping(connection, message)
      case "unsubscribe":
        return unsubscribe(connection, message)
      case "subscribe":
        return connection.answer(message.id, () => inTurn(() => subscribe(connection, message)))
      case "history":
        return connection.answer(message.id, () => history(connection, message))
      case "versions":
      case "receipts":
        return connection.answer(message.id, () => readAside(connection, message))
      case "token":
        return connection.answer(message.id, () => refreshToken(connection, message))
      case "watch":
        return connection.answer(message.id, () => inTurn(async () => presence.handle(connection, message)))
      default:
        return presence.handle(connection, message)
    }
  }

  /** A type that is not known here may be a newer client's, which must not be closed for it unless it asks for that [F85]. */
  function refuseUnread(connection: Connection, id: number | undefined, error: MagpieError): void {
    const { critical } = error.details ?? {}
    if (critical === true) return connection.close("VERSION", "unknown critical message")
    if (critical === undefined) return connection.strike(id, error)
    const wait = tooFast(connection, 1)
    if (wait > 0) connection.slowDown(id, tooManyMessages(wait))
    else connection.refuse(id, error)
  }

  return (connection, value) => {
    let message: UpMessage
    try {
      message = parseUp(value)
    } catch (failure) {
      return refuseUnread(connection, idOf(value), toMagpieError(failure))
    }
    const id = "id" in message ? message.id : undefined
    const wait = message.type === "hello" ? 0 : tooFast(connection, costOf(message))
    if (wait > 0) {
      // A channel that its client has left would go on to the end of the connection.
      const isLeaving = message.type === "unsubscribe"
      connection.slowDown(id, tooManyMessages(wait), !isLeaving)
      if (!isLeaving) return
    }
    try {
      return act(connection, message)
    } catch (failure) {
      const error = toMagpieError(failure)
      if (error.code === "BAD_REQUEST") return connection.strike(id, error)
      if (error.code === "RATE_LIMITED") return connection.slowDown(id, error)
      return connection.refuse(id, error)
    }
  }
}

function tooManyMessages(retryAfterMs: number): MagpieError {
  return new MagpieError("RATE_LIMITED", "too many messages", { retryAfterMs })
}

const POSITIONS_A_MESSAGE = 50

/** A ping asks for a read per position, so a long one counts as several messages. */
function costOf(message: UpMessage): number {
  return message.type === "ping" ? 1 + Math.floor((message.positions?.size ?? 0) / POSITIONS_A_MESSAGE) : 1
}

function idOf(value: unknown): number | undefined {
  const id = typeof value === "object" && value !== null ? (value as { id?: unknown }).id : undefined
  return Number.isSafeInteger(id) && (id as number) >= 0 ? (id as number) : undefined
}
