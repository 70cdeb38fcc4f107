import type { AnyContract, Codec } from "@magpie/protocol"
import type { ClientEnvironment } from "./environment/environment.ts"
import type { OutboxStore } from "./outbox/keeper.ts"
import type { Transport } from "./transport/transport.ts"

export interface BackoffOptions {
  /** Upper bound of the first wait, in milliseconds; each further one doubles it. Default 500. */
  readonly initialMs?: number
  /** Upper bound of every wait, in milliseconds. The wait is drawn evenly from zero to the bound (full jitter). Default 20,000. */
  readonly maxMs?: number
}

export interface ConnectOptions<C extends AnyContract = AnyContract> {
  /** The contract itself: outgoing and incoming data are then validated on this side too. */
  readonly contract?: C
  /** A token, or how to get a fresh one; asked before each connection and when the old one is about to expire. */
  readonly token?: string | (() => string | Promise<string>)
  /** An API key instead of a token. For back ends: a key in a browser is public. */
  readonly key?: string
  /** Do not connect before the first subscription, send or `client.connect()`. Default false. */
  readonly lazy?: boolean
  readonly backoff?: BackoffOptions
  /** Silence after which the server is asked for a sign of life, in milliseconds. Default: what the server says in its welcome. */
  readonly heartbeatMs?: number
  /** How long to wait for that sign, in milliseconds. Default 5,000. */
  readonly pongTimeoutMs?: number
  /** How long an attempt to connect may take until the welcome, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number
  /** Unacknowledged publishes that the outbox holds; one more fails with LIMIT_EXCEEDED. Default 10,000. */
  readonly maxPending?: number
  /** Keeps what is not confirmed beyond this client's life: `persistent()` of `@magpie/client/persistent`. Default: memory. */
  readonly outbox?: OutboxStore
  /** How long a channel without listeners stays subscribed, in milliseconds. Default 1,000. */
  readonly lingerMs?: number
  /**
   * How messages are written: `msgpack()` of `@magpie/msgpack`. Default: JSON. By WebSocket only; a server that does not speak it
   * ends the client with a close that says so.
   */
  readonly codec?: Codec
  /** Another way to reach the server. Default: WebSocket. */
  readonly transport?: Transport
  /** Another world: the fake clock of a test. Default: this machine. */
  readonly environment?: ClientEnvironment
}
