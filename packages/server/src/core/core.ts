import type { DurableLog } from "@magpie/journal"
import {
  type AnyContract,
  type ChannelName,
  closeReason,
  jsonServerCodec,
  type KindOf,
  MagpieError,
  type PatternName,
  type PatternOf,
  type Publication,
} from "@magpie/protocol"
import { createAdmission, type Knock, type Verdict } from "../access/admission.ts"
import { createAuthorizer } from "../access/authorizer.ts"
import type { User } from "../access/identity.ts"
import { createOccupancy, type Occupancy } from "../access/occupancy.ts"
import { createCatchUp } from "../channel/catch-up.ts"
import { createFollowers } from "../channel/followers.ts"
import { createHub } from "../channel/hub.ts"
import type { AnyChannelRules, ChannelRules } from "../channel-rules.ts"
import { createMeters } from "../flow/rate.ts"
import { createTimingWheel } from "../flow/timing-wheel.ts"
import { createTurn } from "../flow/turn.ts"
import { createBroadcastHandler } from "../kinds/broadcast.ts"
import { createStreamHandler } from "../kinds/stream.ts"
import { createCounters } from "../metrics/counters.ts"
import type { CheckedOptions, CoreEnvironment } from "../options.ts"
import { Connection } from "../session/connection.ts"
import type { ConnectionContext } from "../session/connection-context.ts"
import { createDispatch } from "../session/dispatch.ts"
import { createGreeting } from "../session/greeting.ts"
import { createRegistry } from "../session/registry.ts"
import { createSessionTokens, toHex } from "../session/session-token.ts"
import type { HandshakeCredentials, LinkRequest, Socket, SocketEvents } from "../transports/socket.ts"
import { type Connections, createConnections } from "./connections.ts"
import { createServerChannel, type ServerChannelOf } from "./server-channel.ts"

/** The whole server without sockets, files or a clock of its own: what a transport hands connections to. */
export interface Core<C extends AnyContract, U extends User> {
  readonly connections: Connections<C, U>
  /** Sets the rules of a pattern's channels. */
  channel<P extends PatternName<C>>(pattern: P, rules: ChannelRules<C, P, U>): void
  /** The channel of that name, for code on the server. */
  channel<const N extends ChannelName<C>>(name: PatternOf<C, N> extends never ? never : N): ServerChannelOf<KindOf<C, PatternOf<C, N>>>
  /** Decides about a handshake before anything else is done for it. */
  knock(knock: Knock): Verdict
  /** Every open link, those that the core does not carry among them: plain endpoints count themselves in. */
  readonly occupancy: Occupancy
  /** Takes over a link; what it says goes to the returned events. */
  accept(socket: Socket, request: LinkRequest, handshake: HandshakeCredentials): SocketEvents
  readonly counters: Readonly<Record<string, number>>
  /**
   * Stops admitting, tells everybody to come back within `spreadMs`, finishes what is stored, closes. Idempotent; nothing is
   * left behind [G12].
   */
  close(options?: { readonly spreadMs?: number }): Promise<void>
}

export function createCore<C extends AnyContract, U extends User>(
  contract: C,
  options: CheckedOptions,
  log: DurableLog,
  env: CoreEnvironment,
): Core<C, U> {
  const { clock, random } = env
  const { limits } = options
  const codec = jsonServerCodec
  const counters = createCounters()
  const turn = createTurn(clock)
  const wheel = createTimingWheel(clock)
  const registry = createRegistry()
  const authorizer = createAuthorizer(env.log)
  const hub = createHub({ clock, codec, turn, newest: (channel) => log.newest(channel) })
  const followers = createFollowers(hub)
  const catchUp = createCatchUp(clock)
  const broadcast = (publication: Publication): void => hub.publish(publication)
  const stopListening = log.onApplied((publications) => publications.forEach(broadcast))

  const occupancy = createOccupancy()
  const admission = createAdmission({
    limits,
    origins: options.origins,
    clock,
    random,
    count: (address) => ({ all: occupancy.all, fromAddress: occupancy.from(address) }),
  })
  const greeting = createGreeting({
    auth: options.auth,
    clock,
    random,
    limits,
    registry,
    tokens: createSessionTokens(env.crypto, random, options.sessionKey ?? random.bytes(32)),
    heartbeatMs: options.heartbeatMs,
    features: ["broadcast", "stream", "resume", "history"],
    channels: new Map(Object.entries(contract.channels).map(([pattern, { kind }]) => [pattern, kind])),
  })
  const dispatch = createDispatch({
    contract,
    clock,
    limits,
    authorizer,
    greeting,
    leaving: () => closing !== undefined,
    kinds: {
      stream: createStreamHandler({ log, codec, limits, authorizer, followers, catchUp }),
      broadcast: createBroadcastHandler({ clock, authorizer, followers, publish: broadcast }),
    },
    userMeters: createMeters(limits.trackedRates),
    addressMeters: createMeters(limits.trackedRates),
  })
  const context: ConnectionContext = {
    limits,
    codec,
    turn,
    wheel,
    counters,
    log: env.log,
    monotonic: () => clock.monotonic(),
    now: () => clock.now(),
    defer: (task) => clock.defer(task),
    heartbeatMs: options.heartbeatMs,
    pongTimeoutMs: options.pongTimeoutMs,
    tokenGraceMs: options.tokenGraceMs,
    handle: dispatch,
    onClosed(connection) {
      registry.remove(connection)
      occupancy.leave(connection.request.address)
    },
  }
  let closing: Promise<void> | undefined

  async function close(spreadMs: number): Promise<void> {
    admission.drain()
    const leaving = [...registry.all()].map((connection) => ({ connection, retryAfterMs: Math.round(random.float() * spreadMs) }))
    for (const { connection, retryAfterMs } of leaving) connection.send({ type: "go-away", reason: "restart", retryAfterMs })
    try {
      await log.close()
      // What was stored is acknowledged before its publisher is told to go.
      await new Promise<void>((resolve) => clock.defer(resolve))
    } finally {
      leave(leaving, spreadMs)
    }
  }

  function leave(leaving: readonly { readonly connection: Connection; readonly retryAfterMs: number }[], spreadMs: number): void {
    for (const { connection, retryAfterMs } of leaving) connection.close("SERVICE_RESTART", closeReason("restart", retryAfterMs))
    for (const connection of [...registry.all()]) connection.close("SERVICE_RESTART", closeReason("restart", spreadMs))
    stopListening()
    hub.close()
    wheel.close()
  }

  function channel(name: string, rules?: AnyChannelRules): unknown {
    if (rules === undefined) return createServerChannel(name, contract.match(name), { clock, log, followers, broadcast })
    if (!Object.hasOwn(contract.channels, name)) throw new MagpieError("INVALID_OPTIONS", `the contract has no pattern "${name}"`)
    if (typeof rules.authorize !== "function") throw new MagpieError("INVALID_OPTIONS", `channel "${name}": authorize must be a function`)
    authorizer.setRules(name, rules)
    return undefined
  }

  return {
    connections: createConnections<C, U>({ contract, codec, clock, registry }),
    // The overloads of Core say what this one function does for each use; the contract fixes the types behind them.
    channel: channel as Core<C, U>["channel"],
    knock: (knock) => {
      const verdict = admission.knock(knock)
      if (verdict.verdict !== "admit") counters.add("turnedAway", verdict.reason)
      return verdict
    },
    occupancy,
    accept(socket, request, handshake) {
      const connection = new Connection(toHex(random.bytes(8)), socket, request, handshake, context)
      registry.add(connection)
      occupancy.enter(request.address)
      counters.add("accepted")
      // It was admitted while the server was still there.
      if (closing !== undefined) connection.close("SERVICE_RESTART", closeReason("restart", 0))
      if (request.plain) connection.hold(greeting.welcomePlain(connection))
      return connection
    },
    get counters() {
      return counters.snapshot()
    },
    close: ({ spreadMs = 3_000 } = {}) => (closing ??= close(spreadMs)),
  }
}
