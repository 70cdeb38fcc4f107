import type { Server as HttpServer, IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { Server as TlsServer } from "node:tls"
import { type AnyContract, DEFAULT_PATH, type Log, MagpieError } from "@magpie/protocol"
import type { User } from "../access/identity.ts"
import { createAudit } from "../commands/audit.ts"
import { createCore } from "../core/core.ts"
import type { Core } from "../core/server-core.ts"
import { refuseMemoryTables } from "../core/tables-log.ts"
import { createTimingWheel } from "../flow/timing-wheel.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import { type CoreOptions, checkOptions, retentionOf } from "../options.ts"
import { createHttpTransports } from "../transports/http-transports.ts"
import { type Certificate, openCertificate, type TlsOptions, type TlsPair } from "./certificate.ts"
import { createEndpoint, type Endpoint, type EndpointHandler, type EndpointOptions, type LiveEndpoint } from "./endpoint.ts"
import { type ApiHandler, createApiHandler } from "./http-api.ts"
import { createHttp, nothingHere, type RequestHandler } from "./http-server.ts"
import { lineLog, nodeEnv } from "./node-env.ts"
import { nodeExchange } from "./node-exchange.ts"
import { nodeLoad } from "./node-load.ts"
import { type LogOptions, openLog } from "./open-log.ts"
import { trustedProxies } from "./trusted-proxies.ts"
import { createUpgradeListener, pathOf, type UpgradeListener } from "./upgrade.ts"
import { workerJoiner } from "./worker-joiner.ts"

export interface ServerOptions<U extends User = User> extends CoreOptions<U>, LogOptions {
  /** The path of Magpie's own protocol. Default `/magpie`. */
  readonly path?: string
  /** Addresses of proxies whose `X-Forwarded-For` is believed, and ranges of them: `10.0.0.0/8`. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Where log lines go. Default: JSON lines on standard error. */
  readonly log?: Log
}

export interface ListenOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Default: all addresses. */
  readonly host?: string
  /** Serve https and wss: with a pair in PEM, or with files that are looked at again while the server runs [F87]. */
  readonly tls?: TlsOptions
  /** Answers requests that are neither upgrades nor of the HTTP API: pages, an API of your own. */
  readonly http?: RequestHandler
}

export interface Listening {
  readonly port: number
  /** Where a client connects: `ws://127.0.0.1:8080/magpie`. */
  readonly url: string
}

/** Why a server closed: `close()` was called, or memory was used up beyond `memoryHardPercent`. */
export type CloseCause = "asked" | "memory"

export interface Server<C extends AnyContract, U extends User = User>
  extends Pick<Core<C, U>, "channel" | "connections" | "counters" | "derive" | "egress" | "ingress" | "revoke" | "tickets"> {
  /** For a load balancer's question: whether it listens and would let somebody in. False from the first moment of a drain. */
  readonly ready: boolean
  /** Settles as the `close()` that ends it does. After "memory" the process should end: what it holds is not given back. */
  readonly closed: Promise<CloseCause>
  /** Plain WebSockets on a path of their own. Fails with INVALID_OPTIONS on a path that is taken. */
  endpoint(path: string, handler: EndpointHandler, options?: EndpointOptions): Endpoint
  /**
   * Answers what is below the HTTP API's prefix, and the requests of event streams and long polls below the protocol's path, and
   * says whether it did. `listen` asks it before `http`; call it first in the request listener of a server that exists, before
   * anybody reads bodies.
   */
  readonly api: ApiHandler
  /** Opens the log, then the port. Fails with CONFLICT when another process holds the storage, UNAVAILABLE when the port is taken or the journal's broker is out of reach. */
  listen(options: ListenOptions): Promise<Listening>
  /**
   * Reads the certificate files of `listen` now, as on a SIGHUP. Connections stay. Fails with INVALID_OPTIONS where a pair cannot
   * be used; then the old one stays.
   */
  reloadTls(): Promise<void>
  /** Takes the upgrades of a server that exists; it stays its owner's. Returns the detacher. */
  attach(server: HttpServer): () => void
  /**
   * Stops. Those who come from now on are told to come back later, with 1012 or 503. Everybody connected is sent away with
   * 1012 at a moment of its own, within `spreadMs` (default: the limit `drainMs`) and no longer than 10 ms for each, when its
   * publishes are answered, and is told when to come back, spread over `spreadMs` again. Then what was accepted is stored,
   * and ports and storage close. Takes at most `spreadMs`, the flush and the limit `closeMs`. Idempotent: a further call with
   * `spreadMs: 0` sends the rest away at once. Leaves nothing behind [G12].
   */
  close(options?: { readonly spreadMs?: number }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Connections that the kernel holds until they are taken; it may hold fewer. Where they are more, it drops the client's first
 * packet, and the client tries again after one second, three and seven.
 */
const BACKLOG = 4_096

/** Creates a server for the channels of a contract. Fails with INVALID_OPTIONS naming the option. */
export function createServer<C extends AnyContract, U extends User = User>(contract: C, options: ServerOptions<U>): Server<C, U> {
  const checked = checkOptions(options)
  const path = options.path ?? DEFAULT_PATH
  if (!path.startsWith("/")) throw new MagpieError("INVALID_OPTIONS", "path must start with a slash", { details: { option: "path" } })
  if (options.journal !== undefined) refuseMemoryTables(contract)
  const env = nodeEnv(options.log ?? lineLog)
  const { log, opening, bus, abandon } = openLog(options, env, {
    retention: retentionOf(contract),
    deduplicationMs: checked.deduplicationMs,
  })
  const audit = options.audit && createAudit(options.audit, { now: () => env.clock.now(), log: env.log })
  const audited = opening.then(() => audit?.catchUp(log))
  // Whoever listens learns of it.
  audited.catch(() => {})
  const joiner = workerJoiner()
  const core = createCore<C, U>(contract, checked, log, {
    ...env,
    audit,
    load: nodeLoad(),
    joiner,
    onMemoryExhausted: () => void stop("memory"),
    ...(bus === undefined ? {} : { bus }),
  })
  const wheel = createTimingWheel(env.clock)
  const endpoints = new Map<string, LiveEndpoint>()
  const trusted = trustedProxies(options.trustedProxies)
  const onUpgrade = createUpgradeListener({
    core,
    clock: env.clock,
    limits: checked.limits,
    spoken: new Set(checked.codecs.keys()),
    path,
    trustedProxies: trusted,
    endpoints,
  })
  const answersApi = createApiHandler({
    api: core.api,
    prefix: checked.api?.prefix ?? "",
    clock: env.clock,
    limits: checked.limits,
    log: env.log,
    trustedProxies: trusted,
  })
  const transports = createHttpTransports({ core, path, origins: checked.origins, limits: checked.limits, ...env })
  const api: ApiHandler = (request, response) => {
    if (!transports.owns(pathOf(request))) return answersApi(request, response)
    void transports.handle(nodeExchange(request, response, { clock: env.clock, wheel, limits: checked.limits, trustedProxies: trusted }))
    return true
  }
  const listening = new Set<HttpServer>()
  const attached = new Set<() => void>()
  const certificates = new Set<Certificate>()
  let closing: Promise<CloseCause> | undefined
  let settleClosed: (closing: Promise<CloseCause>) => void = () => {}
  const closed = new Promise<CloseCause>((resolve) => {
    settleClosed = resolve
  })
  // Whoever called close learns of its failure; who only watches must not have to.
  closed.catch(() => {})

  function isOurs(request: IncomingMessage): boolean {
    const at = pathOf(request)
    return at === path || endpoints.has(at)
  }

  function stop(cause: CloseCause, spreadMs?: number): Promise<CloseCause> {
    if (closing === undefined) {
      closing = close(spreadMs).then(() => cause)
      settleClosed(closing)
    } else if (spreadMs === 0) void core.close({ spreadMs })
    return closing
  }

  async function close(spreadMs = checked.limits.drainMs): Promise<void> {
    abandon()
    try {
      await core.close({ spreadMs, also: [...endpoints.values()].flatMap((endpoint) => endpoint.leavers()) })
    } finally {
      const ended = [...listening].map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
      for (const detach of attached) detach()
      for (const certificate of certificates) certificate.close()
      for (const server of listening) server.closeIdleConnections()
      // Somebody may hold half a request for ever.
      const cut = env.clock.setTimer(checked.limits.closeMs, () => {
        for (const server of listening) server.closeAllConnections()
      })
      await Promise.all(ended)
      cut.cancel()
      transports.close()
      wheel.close()
      await joiner.close()
      await bus?.close()
      await audited.catch(() => {})
      await audit?.close()
    }
  }

  function refuseClosed(): void {
    if (closing !== undefined) throw new MagpieError("CLOSED", "the server was closed")
  }

  return {
    channel: core.channel,
    connections: core.connections,
    derive(to, derivation) {
      if (options.journal !== undefined) throw sharedDerivation()
      return core.derive(to, derivation)
    },
    ingress: core.ingress,
    egress: core.egress,
    revoke: core.revoke,
    tickets: core.tickets,
    get counters() {
      return core.counters
    },
    get ready() {
      return listening.size + attached.size > 0 && core.ready
    },
    api,
    closed,
    endpoint(at, handler, endpointOptions = {}) {
      if (!at.startsWith("/") || at === path || endpoints.has(at)) {
        throw new MagpieError("INVALID_OPTIONS", `endpoint: "${at}" is no path or is taken`, { details: { option: "endpoint" } })
      }
      const { limits, heartbeatMs, pongTimeoutMs } = checked
      const endpoint = createEndpoint(at, handler, endpointOptions, {
        limits,
        heartbeatMs,
        pongTimeoutMs,
        wheel,
        log: env.log,
        monotonic: () => env.clock.monotonic(),
      })
      endpoints.set(at, endpoint)
      return endpoint
    },
    async listen({ port, host, tls, http }) {
      refuseClosed()
      await audited
      const certificate = tls && (await openCertificate(tls, { ...env, use: (pair) => setPair(server, pair) }))
      if (closing !== undefined) certificate?.close()
      refuseClosed()
      const server = createHttp(api, http ?? nothingHere(path, () => core.ready), checked.limits, certificate?.pair)
      if (certificate) certificates.add(certificate)
      server.on("upgrade", onUpgrade)
      listening.add(server)
      await new Promise<void>((resolve, reject) => {
        server.on("error", (cause) => {
          // One link that could not be accepted is no reason to stop.
          if (server.listening) return env.log("error", "accept-failed", failureFields(cause))
          listening.delete(server)
          certificate?.close()
          reject(new MagpieError("UNAVAILABLE", `cannot listen on port ${port}`, { cause }))
        })
        server.listen({ port, host, backlog: BACKLOG }, resolve)
      })
      const { port: taken } = server.address() as AddressInfo
      return { port: taken, url: `${tls ? "wss" : "ws"}://${urlHost(host)}:${taken}${path}` }
    },
    async reloadTls() {
      const results = await Promise.allSettled([...certificates].map((certificate) => certificate.reload()))
      for (const result of results) if (result.status === "rejected") throw result.reason
    },
    attach(server) {
      refuseClosed()
      // An upgrade of a path that is not ours belongs to whoever else listens.
      const listener: UpgradeListener = (request, stream, head) => {
        if (server.listenerCount("upgrade") > 1 && !isOurs(request)) return
        onUpgrade(request, stream, head)
      }
      server.on("upgrade", listener)
      const detach = (): void => void server.off("upgrade", listener)
      attached.add(detach)
      return detach
    },
    close: async ({ spreadMs } = {}) => void (await stop("asked", spreadMs)),
    [Symbol.asyncDispose]() {
      return this.close()
    },
  }
}

/** Whoever is connected stays so; newcomers see the new certificate. */
function setPair(server: HttpServer, { cert, key }: TlsPair): void {
  if (server instanceof TlsServer) server.setSecureContext({ cert, key })
}

function sharedDerivation(): MagpieError {
  return new MagpieError("INVALID_OPTIONS", "each server of a journal would derive the table once more", { details: { option: "journal" } })
}

/** An IPv6 address stands in brackets in a URL. */
export function urlHost(host: string | undefined): string {
  if (host === undefined) return "localhost"
  return host.includes(":") ? `[${host}]` : host
}
