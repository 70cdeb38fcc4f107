import type { DurableLog } from "@magpie/journal"
import { type AnyContract, jsonServerCodec as codec, MagpieError, type Publication } from "@magpie/protocol"
import { createAccess } from "../access/access.ts"
import { createAdmission } from "../access/admission.ts"
import type { User } from "../access/identity.ts"
import { createOccupancy } from "../access/occupancy.ts"
import { createCatchUp } from "../channel/catch-up.ts"
import { createFollowers } from "../channel/followers.ts"
import { createHub } from "../channel/hub.ts"
import { createRelay, NO_RELAY } from "../channel/relay.ts"
import { type AnyChannelRules, checkOverflow } from "../channel-rules.ts"
import { type LoadWatch, Overload, UNWATCHED } from "../flow/overload.ts"
import { QueueBudget } from "../flow/queue-budget.ts"
import { createTimingWheel } from "../flow/timing-wheel.ts"
import { createTurn } from "../flow/turn.ts"
import { createCoreApi } from "../http/core-api.ts"
import { createCounters } from "../metrics/counters.ts"
import { createNeighbours } from "../neighbours/neighbours.ts"
import type { CheckedOptions, CoreEnvironment } from "../options.ts"
import { createPresence } from "../presence/presence.ts"
import { StreamFeeds } from "../reading/stream-feed.ts"
import { Connection } from "../session/connection.ts"
import type { ConnectionContext } from "../session/connection-context.ts"
import { createDispatch } from "../session/dispatch.ts"
import { createGreeting } from "../session/greeting.ts"
import { createPageMeter } from "../session/page-meter.ts"
import { createRegistry } from "../session/registry.ts"
import { createSessionTokens, toHex } from "../session/session-token.ts"
import { createAsking } from "./asking.ts"
import { createConnections } from "./connections.ts"
import { createDeriving, type Derive } from "./deriving.ts"
import { createDisconnecting } from "./disconnecting.ts"
import { endEpoch } from "./end-epoch.ts"
import { BESIDE_MESSAGES, createKinds } from "./kinds.ts"
import { createLeaving } from "./leaving.ts"
import { createListingConnections } from "./listing-connections.ts"
import type { Readiness } from "./readiness.ts"
import { createServerChannel } from "./server-channel.ts"
import type { Core } from "./server-core.ts"
import { tablesLog } from "./tables-log.ts"

export function createCore<C extends AnyContract, U extends User>(
  contract: C,
  options: CheckedOptions,
  durable: DurableLog,
  env: CoreEnvironment,
): Core<C, U> {
  const { clock, random } = env
  const { limits } = options
  const log = tablesLog(durable, { contract, env, limits, deduplicationMs: options.deduplicationMs, audit: env.audit })
  const counters = createCounters()
  const turn = createTurn(clock, limits.fanOutSliceMs)
  const wheel = createTimingWheel(clock)
  const registry = createRegistry()
  const drawn = options.sessionKeys === undefined ? [random.bytes(32)] : []
  const sessionKeys = (): readonly Uint8Array[] => options.sessionKeys?.(env.log) ?? drawn
  const access = createAccess<U>({ options, env, log, registry, wheel, keys: sessionKeys })
  const { authorizer, revocations } = access
  const budget = new QueueBudget({ limits, clock, queues: () => [...registry.all()].map(({ queue }) => queue) })
  const hub = createHub({
    clock,
    codec,
    turn,
    counters,
    queuedBytes: limits.queuedBytes,
    newest: (channel) => log.newest(channel),
    shedsBroadcasts: () => overload.sheds("broadcasts"),
  })
  const deliver = (publication: Publication): void => {
    env.audit?.written(publication)
    revocations.guard()
    if (kinds.written(publication)) hub.publish(publication)
  }
  const relay = env.bus === undefined ? NO_RELAY : createRelay({ bus: env.bus, random, deliver })
  const disconnecting = createDisconnecting({ bus: env.bus, random, registry })
  const asking = createAsking({ bus: env.bus, control: log.control, clock, random })
  const listing = createListingConnections(registry, asking, () => log.control.nodeId)
  const followers = createFollowers(hub, relay)
  const feeds = new StreamFeeds(log, clock)
  const catchUp = createCatchUp(clock)
  const broadcast = (publication: Publication): void => {
    relay.publish(publication)
    deliver(publication)
  }
  const kinds = createKinds({
    ...{ contract, clock, random, log, limits, authorizer, followers, catchUp, counters, broadcast },
    ...{ write: env.log, joiner: env.joiner },
  })
  const { commands } = kinds
  let fenced = false
  const stopListening = [
    log.onApplied((publications) => publications.forEach(deliver)),
    log.onEpoch((concerns) => endEpoch({ contract, registry, commands }, concerns)),
    log.onFenced(() => {
      fenced = true
    }),
  ]

  const occupancy = createOccupancy()
  const overload: LoadWatch =
    env.load === undefined
      ? UNWATCHED
      : new Overload({
          meter: env.load,
          limits,
          wheel,
          counters,
          log: env.log,
          inUse: () => occupancy.all > 0,
          onAgain(what) {
            if (what === "broadcasts") hub.tellShed()
            else if (what === "presence") presence.release()
          },
          onMemory(state) {
            budget.setScarce(state !== "free")
            if (state === "exhausted") env.onMemoryExhausted?.()
          },
        })
  const isOverloaded = (): boolean => overload.sheds("connections") || overload.memory !== "free"
  const admission = createAdmission({ limits, origins: options.origins, clock, random, occupancy, overloaded: isOverloaded })
  const mayReadPage = createPageMeter({ clock, limits, sheds: () => overload.sheds("history") })
  const presence = createPresence({
    ...{ contract, env, options, codec, control: log.control, authorizer, mayReadPage, turn, wheel, catchUp, counters },
    sheds: () => overload.sheds("presence"),
  })
  const greeting = createGreeting({
    auth: access.auth,
    log: env.log,
    refusals: access.refusals,
    clock,
    random,
    limits,
    registry,
    admit: revocations.admit,
    tokens: createSessionTokens(env.crypto, random, sessionKeys),
    heartbeatMs: options.heartbeatMs,
    features: ["broadcast", "stream", "table", "command", "document", "resume", "history", "changes", ...presence.features],
    channels: new Map(Object.entries(contract.channels).map(([pattern, { kind }]) => [pattern, kind])),
  })
  const dispatch = createDispatch({
    contract,
    clock,
    limits,
    authorizer,
    greeting,
    leaving: () => leaving.finishing,
    mayReadPage,
    presence,
    commands: commands.handler,
    kinds: kinds.handlers,
    tooFast: access.tooFast,
    messageRates: access.messageRates,
  })
  const context: ConnectionContext = {
    limits,
    codecOf: ({ subprotocol = codec.subprotocol }) => options.codecs.get(subprotocol) ?? codec,
    turn,
    wheel,
    budget,
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
      presence.closed(connection)
      commands.handler.closed(connection)
    },
  }
  const leaving = createLeaving({
    clock,
    random,
    limits,
    log: env.log,
    registry,
    admission,
    // What comes after is refused from this turn on, unless commands or neighbours have to be ended first.
    flush() {
      const ending = [neighbours.close(), commands.runner.finish(limits.drainMs)].filter((each) => each !== undefined)
      return ending.length === 0 ? log.close() : Promise.all(ending).then(() => log.close())
    },
    release() {
      for (const stop of stopListening) stop()
      access.close()
      presence.close()
      deriving.close()
      feeds.close()
      kinds.close()
      relay.close()
      disconnecting.close()
      asking.close()
      hub.close()
      overload.close()
      wheel.close()
    },
  })

  function readiness(): Readiness {
    if (leaving.begun) return "draining"
    if (fenced) return "fenced"
    if (!log.ready) return "catching-up"
    return isOverloaded() ? "overloaded" : "ready"
  }

  function channel(name: string, rules?: AnyChannelRules): unknown {
    if (rules === undefined)
      return createServerChannel(name, contract.match(name), {
        ...{ clock, random, log, followers, feeds, broadcast, presence, limits, commands, authorizer, write: env.log },
      })
    if (!Object.hasOwn(contract.channels, name)) throw new MagpieError("INVALID_OPTIONS", `the contract has no pattern "${name}"`)
    if (typeof rules.authorize !== "function") throw new MagpieError("INVALID_OPTIONS", `channel "${name}": authorize must be a function`)
    checkOverflow(name, contract.channels[name]?.kind ?? "", rules.overflow)
    const { kind = "", messages = {} } = contract.channels[name] ?? {}
    access.messageRates.set(name, [...Object.keys(messages), ...(BESIDE_MESSAGES[kind] ?? [])], rules.rate ?? {})
    authorizer.setRules(name, rules)
    return undefined
  }

  const neighbours = createNeighbours<C>({
    ...{ contract, env, log, limits, counters, feeds, shared: env.bus !== undefined, channel },
  })
  const deriving = createDeriving({ contract, log, clock, report: env.log, table: channel })

  return {
    derive: deriving.derive as unknown as Derive<C>,
    ingress: neighbours.ingress,
    egress: neighbours.egress,
    connections: createConnections<C, U>({ contract, codec, clock, registry }),
    // The overloads of Core say what this one function does for each use; the contract fixes the types behind them.
    channel: channel as unknown as Core<C, U>["channel"],
    get ready() {
      return readiness() === "ready"
    },
    revoke: access.revoke,
    tickets: access.tickets,
    api: createCoreApi(options.api, {
      ...{ access, contract, clock, limits, log: env.log, durable: log, counters, leaving, listing, disconnecting, broadcast, readiness },
      ...{ random, authorizer, live: commands.live, runner: commands.runner },
      presence: (name) => presence.of(name),
      shedsHistory: () => overload.sheds("history"),
      wake() {
        if (!leaving.begun) overload.wake()
      },
    }),
    knock: (knock) => {
      if (!leaving.begun) overload.wake()
      const verdict = admission.knock(knock)
      if (verdict.verdict !== "admit") counters.add("turnedAway", verdict.reason)
      return verdict
    },
    accept(socket, request, handshake) {
      const connection = new Connection(toHex(random.bytes(8)), socket, request, handshake, context)
      registry.add(connection)
      counters.add("accepted")
      const { subprotocol } = request
      if (subprotocol !== undefined && !options.codecs.has(subprotocol))
        connection.close("VERSION", `this server speaks ${[...options.codecs.keys()].join(", ")}`)
      // It was admitted while the server was still there.
      else if (leaving.begun) connection.departure.close(leaving.lastsMs)
      if (request.plain) connection.hold(greeting.welcomePlain(connection))
      return connection
    },
    get counters() {
      return { ...counters.snapshot(), ...counters.traffic, queuedBytes: budget.total }
    },
    close: leaving.close,
  }
}
