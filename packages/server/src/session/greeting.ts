import {
  type Clock,
  closeReason,
  type Hello,
  type Limits,
  type Log,
  MagpieError,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
  type Random,
  toMagpieError,
} from "@magpie/protocol"
import type { Authenticator, Credentials, Identity } from "../access/identity.ts"
import type { Refusals } from "../access/refusals.ts"
import type { HandshakeCredentials } from "../transports/socket.ts"
import type { Connection } from "./connection.ts"
import type { Registry } from "./registry.ts"
import { type SessionTokens, toHex } from "./session-token.ts"

export interface GreetingOptions {
  readonly auth: Authenticator
  readonly log: Log
  readonly refusals: Refusals
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly registry: Registry
  readonly tokens: SessionTokens
  /**
   * Fails with UNAUTHORIZED or UNAVAILABLE for somebody who holds valid credentials and may not come in all the same. Asked in
   * the turn in which it counts, because a revocation may come while credentials are looked at.
   */
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
  authenticate(connection: Connection, credentials: HandshakeCredentials): Promise<Identity>
  readonly admit: (identity: Identity) => void
}

const USER_LIMIT_RETRY_MS = 5_000
/** What may stand in keys and messages: no control characters, at most 256. */
const USER_ID = /^\P{C}{1,256}$/u
const PRODUCER = /^[A-Za-z0-9_-]{8,64}$/

const REPLACED = "another connection took this session over"
const LATE_RETRY_MS = 1_000

/** What came on an earlier link than the one that holds the session takes nothing over. */
function isLate(hello: Hello | undefined, holder: Connection | undefined): boolean {
  return (hello?.link ?? Number.POSITIVE_INFINITY) < (holder?.open?.link ?? 0)
}

export function createGreeting(options: GreetingOptions): Greeting {
  const { auth, log, refusals, admit, clock, random, limits, registry, tokens, heartbeatMs, features, channels } = options

  async function authenticate(connection: Connection, { token, key, ticket }: HandshakeCredentials): Promise<Identity> {
    const { address, origin } = connection.request
    const credentials = { token, key, ticket, address, origin }
    // Who gives none guesses nothing.
    if (token === undefined && key === undefined && ticket === undefined) return prove(credentials)
    refusals.check(address)
    try {
      return await prove(credentials)
    } catch (failure) {
      if (toMagpieError(failure).code === "UNAUTHORIZED") refusals.count(address)
      throw failure
    }
  }

  async function prove(credentials: Credentials): Promise<Identity> {
    if (Math.max(credentials.token?.length ?? 0, credentials.ticket?.length ?? 0) > limits.tokenBytes)
      throw new MagpieError("UNAUTHORIZED", "the token is too long", { details: { limit: "tokenBytes" } })
    const identity = await auth.authenticate(credentials, clock, log)
    if (identity === undefined) throw new MagpieError("UNAUTHORIZED", "no valid credentials")
    if (identity.user !== undefined && !USER_ID.test(identity.user.id)) throw new MagpieError("UNAUTHORIZED", "the user id cannot be used")
    if (identity.expiresAt !== undefined && identity.expiresAt <= clock.now())
      throw new MagpieError("UNAUTHORIZED", "the credentials have expired")
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

  /**
   * An earlier link of the same client, whose welcome was lost with it: it offered the session and the producer that are offered
   * now, or none yet, and its hello came late.
   */
  function unwelcomed(user: string, hello: Hello | undefined, known: string | undefined): Connection | undefined {
    if (hello?.session === undefined || hello.producer === undefined) return undefined
    const holder = registry.ofProducer(`${user}/${hello.producer}`)
    if (holder?.open === undefined) return undefined
    const { offered, link, session } = holder.open
    const isBefore = offered === undefined && session !== known && link !== undefined && link < (hello.link ?? 0)
    return offered === hello.session || isBefore ? holder : undefined
  }

  /** Where the proof itself says how many may come in with it. */
  function isProofFull({ user, token, limits: own }: Identity, replaced: Connection | undefined): boolean {
    if (user === undefined || own?.connections === undefined) return false
    let others = 0
    for (const other of registry.ofUser(user.id)) if (other !== replaced && other.identity?.token === token) others += 1
    return others >= own.connections
  }

  function open(connection: Connection, identity: Identity, hello: Hello | undefined): void {
    // In the very moment in which it is listed: a revocation that came earlier would have found nobody to send away.
    admit(identity)
    const user = identity.user?.id ?? ""
    const offered = hello?.session
    const known = offered === undefined ? undefined : tokens.verify(offered, user)
    const orphan = unwelcomed(user, hello, known)
    const holder = known === undefined ? undefined : registry.ofSession(known)
    if (isLate(hello, orphan) || isLate(hello, holder))
      return connection.close("TRY_AGAIN_LATER", closeReason("a newer link of this session is there", LATE_RETRY_MS))
    orphan?.close("REPLACED", REPLACED)
    const replaced = orphan === holder ? undefined : holder
    const others = registry.countOfUser(user) - (replaced === undefined ? 0 : 1)
    if (user !== "" && others >= limits.connectionsPerUser) {
      return connection.close("CONNECTION_LIMIT", closeReason("too many connections of this user", USER_LIMIT_RETRY_MS))
    }
    if (isProofFull(identity, replaced)) {
      return connection.close("CONNECTION_LIMIT", closeReason("too many connections with these credentials", USER_LIMIT_RETRY_MS))
    }
    const { session, token } =
      offered === undefined || known === undefined ? tokens.create(user) : { session: known, token: tokens.renew(offered, known, user) }
    const producer = bindProducer(user, hello?.producer, session)
    connection.becomeOpen({ identity, session, producer: producer.bound, offered, link: hello?.link })
    registry.opened(connection)?.close("REPLACED", REPLACED)
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
    admit,
    async hello(connection, hello) {
      if (hello.version < OLDEST_PROTOCOL_VERSION)
        return connection.close("VERSION", `this server speaks ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}`)
      try {
        const identity = await authenticate(connection, {
          token: hello.token ?? connection.handshake?.token,
          key: hello.key ?? connection.handshake?.key,
          ticket: hello.ticket ?? connection.handshake?.ticket,
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
