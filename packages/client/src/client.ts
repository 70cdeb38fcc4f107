import type { AnyContract, ChannelName, KindOf, MagpieError, PatternOf } from "@magpie/protocol"
import type { ChannelOfKind } from "./channel.ts"
import type { Status, StatusChange } from "./status.ts"

export interface ClientEvents {
  status: StatusChange
  /** What no caller waits for: a refused broadcast, a token that could not be had, a listener that threw. */
  error: MagpieError
}

/** Counted since the client was made; `roundTripMs` is the last heartbeat's. */
export interface ClientStatistics {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly roundTripMs: number | undefined
  /** Publishes that wait for their acknowledgement. */
  readonly pending: number
}

/** A connection that heals itself, and the channels on it. `Unknown` is never where the contract's value was given: each channel then has its kind at once. */
export interface Client<C extends AnyContract, Unknown extends undefined = undefined> {
  readonly status: Status
  readonly statistics: ClientStatistics
  /** Returns its disposer. */
  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void
  /** The same object for the same name. A name that no pattern of the contract fits does not compile. */
  channel<const N extends ChannelName<C>>(
    name: PatternOf<C, N> extends never ? never : N,
  ): ChannelOfKind<KindOf<C, PatternOf<C, N>>, Unknown>
  /** Starts a lazy client, or tries again at once instead of waiting out the back-off. */
  connect(): void
  /**
   * Ends everything: pending sends and requests fail with CLOSED, nothing is left behind [G12]. Idempotent. With
   * `drainMs`, waits up to that long for pending sends first.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
