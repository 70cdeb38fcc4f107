import {
  type Clock,
  closeReason,
  type Hello,
  type Limits,
  MagpieError,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
  type Random,
  toMagpieError,
} from "@magpie/protocol"
import type { Authenticator, Identity } from "../access/identity.ts"
import type { Connection } from "./connection.ts"
import type { Registry } from "./registry.ts"
import { type SessionTokens, toHex } from "./session-token.ts"

export interface GreetingOptions {
  readonly auth: Authenticator
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly registry: Registry
  readonly tokens: SessionTokens
  /** Fails with UNAUTHORIZED or UNAVAILABLE for somebody who holds valid credentials and may not come in all the same. */
  readonly admit: (identity: Identity) => void
  readonly heartbeatMs: number
  readonly features: readonly string[]
  /** The kind behind each pattern of the contract. */
  readonly channels: ReadonlyMap<string, string>
}

/** Turns a greeting connection into an open one. Never rejects: what fails becomes a close with its code. */
export interface Greeting {
  hello(connection: Connection, hello: Hello): Promise<void>
  /** A plain client that need not say hello: it is let in when what came with the handshake is enough. */
  welcomePlain(connection: Connection): Promise<void>
  authenticate(
    connection: Connection,
    credentials: { readonly token?: string | undefined; readonly key?: string | undefined },
  ): Promise<Identity>
}

const USER_LIMIT_RETRY_MS = 5_000
/** What may stand in keys and messages: no control characters, at most 256. */
const USER_ID = /^\P{C}{1,256}$/u
const PRODUCER = /^[A-Za-z0-9_-]{8,64}$/

export function createGreeting(options: GreetingOptions): Greeting {
  const { auth, clock, random, limits, registry, tokens, heartbeatMs, features, channels } = options

  async function authenticate(
    connection: Connection,
    { token, key }: { token?: string | undefined; key?: string | undefined },
  ): Promise<Identity> {
    if ((token?.length ?? 0) > limits.tokenBytes)
      throw new MagpieError("UNAUTHORIZED", "the token is too long", { details: { limit: "tokenBytes" } })
    const { address, origin } = connection.request
    const identity = await auth.authenticate({ token, key, address, origin }, clock)
    if (identity === undefined) throw new MagpieError("UNAUTHORIZED", "no valid credentials")
    if (identity.user !== undefined && !USER_ID.test(identity.user.id)) throw new MagpieError("UNAUTHORIZED", "the user id cannot be used")
    if (identity.expiresAt !== undefined && identity.expiresAt <= clock.now())
      throw new MagpieError("UNAUTHORIZED", "the credentials have expired")
    options.admit(identity)
    return identity
  }

  function bindProducer(user: string, offered: string | undefined, session: string): { name: string; bound: string } {
    const usable = offered !== undefined && PRODUCER.test(offered)
    const bound = `${user}/${offered}`
    const usedBy = usable ? registry.ofProducer(bound)?.open?.session : undefined
    if (usable && (usedBy === undefined || usedBy === session)) return { name: offered, bound }
    const fresh = toHex(random.bytes(16))
    return { name: fresh, bound: `${user}/${fresh}` }
  }

  /** The same client, whose welcome was lost with its link: it offers the session and the producer that it offered before. */
  function takeOverUnwelcomed(user: string, hello: Hello | undefined): void {
    if (hello?.session === undefined || hello.producer === undefined) return
    const holder = registry.ofProducer(`${user}/${hello.producer}`)
    if (holder?.open?.offered === hello.session) holder.close("REPLACED", "another connection took this session over")
  }

  function open(connection: Connection, identity: Identity, hello: Hello | undefined): void {
    // Once more in the very moment in which it is listed: a revocation that came after the first look finds nobody to send away.
    options.admit(identity)
    const user = identity.user?.id ?? ""
    takeOverUnwelcomed(user, hello)
    const known = hello?.session === undefined ? undefined : tokens.verify(hello.session, user)
    const replaced = known === undefined ? undefined : registry.ofSession(known)
    const others = registry.countOfUser(user) - (replaced === undefined ? 0 : 1)
    if (user !== "" && others >= limits.connectionsPerUser) {
      return connection.close("CONNECTION_LIMIT", closeReason("too many connections of this user", USER_LIMIT_RETRY_MS))
    }
    const { session, token } = known === undefined ? tokens.create(user) : { session: known, token: hello?.session ?? "" }
    const producer = bindProducer(user, hello?.producer, session)
    connection.becomeOpen({ identity, session, producer: producer.bound, offered: hello?.session })
    registry.opened(connection)?.close("REPLACED", "another connection took this session over")
    connection.send({
      type: "welcome",
      version: PROTOCOL_VERSION,
      features,
      connection: connection.id,
      session: token,
      producer: producer.name,
      ...(identity.user === undefined ? undefined : { user: identity.user.id }),
      heartbeatMs,
      messageBytes: limits.messageBytes,
      messagesPerSecond: Math.max(1, Math.floor(limits.messagesPerSecond)),
      ...(identity.expiresAt === undefined ? undefined : { tokenExpiresInMs: Math.max(0, identity.expiresAt - clock.now()) }),
      channels,
      at: clock.now(),
    })
  }

  /** Bad credentials end it for good; a failure of ours, such as keys that cannot be had just now, asks the client to come back. */
  function turnDown(connection: Connection, error: MagpieError): void {
    connection.refuse(undefined, error)
    if (error.code === "UNAUTHORIZED") connection.close("UNAUTHORIZED", "unauthorized")
    else connection.close("TRY_AGAIN_LATER", closeReason("cannot authenticate now", error.retryAfterMs))
  }

  return {
    authenticate,
    async hello(connection, hello) {
      if (hello.version < OLDEST_PROTOCOL_VERSION)
        return connection.close("VERSION", `this server speaks ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}`)
      try {
        const identity = await authenticate(connection, {
          token: hello.token ?? connection.handshake?.token,
          key: hello.key ?? connection.handshake?.key,
        })
        if (connection.state.name === "greeting") open(connection, identity, hello)
      } catch (failure) {
        turnDown(connection, toMagpieError(failure))
      }
    },
    async welcomePlain(connection) {
      try {
        const identity = await authenticate(connection, connection.handshake ?? {})
        if (connection.state.name === "greeting") open(connection, identity, undefined)
      } catch {
        // Not enough by itself: the client has until the hello limit to prove itself with a hello.
      }
    },
  }
}
