import type { AnyContract, ChannelName, KindOf, PatternName, PatternOf } from "@magpie/protocol"
import type { Access } from "../access/access.ts"
import type { Knock, Verdict } from "../access/admission.ts"
import type { User } from "../access/identity.ts"
import type { ChannelRules } from "../channel-rules.ts"
import type { Api } from "../http/api.ts"
import type { Egresses, Ingresses } from "../neighbours/neighbours.ts"
import type { HandshakeCredentials, LinkRequest, Socket, SocketEvents } from "../transports/socket.ts"
import type { Connections } from "./connections.ts"
import type { Derive } from "./deriving.ts"
import type { CloseOptions } from "./leaving.ts"
import type { ServerChannelOf } from "./server-channel.ts"

/** The whole server without sockets, files or a clock of its own: what a transport hands connections to. */
export interface Core<C extends AnyContract, U extends User> extends Pick<Access<U>, "revoke" | "tickets"> {
  readonly connections: Connections<C, U>
  /** Sets the rules of a pattern's channels. */
  channel<P extends PatternName<C>>(pattern: P, rules: ChannelRules<C, P, U>): void
  /** The channel of that name, for code on the server. */
  channel<const N extends ChannelName<C>>(name: PatternOf<C, N> extends never ? never : N): ServerChannelOf<KindOf<C, PatternOf<C, N>>>
  /**
   * Writes a table from others, by a function of what is written to them. Nobody else should write it. Begins when the log is
   * open. Returns how to stop it. Fails with INVALID_OPTIONS.
   */
  readonly derive: Derive<C>
  /**
   * Turns what is in a topic or a queue of another system into publishes: in the order of the records with a key, each stored once
   * however often it comes. One node at a time does it. Fails with INVALID_OPTIONS.
   */
  readonly ingress: Ingresses<C>
  /**
   * Mirrors a stream to a topic or a queue, each event with its position, from where it was, also after a crash: at least once,
   * in order. One node at a time does it. Fails with INVALID_OPTIONS.
   */
  readonly egress: Egresses<C>
  /** Decides about a handshake before anything else is done for it. Whoever is let in counts until `leave` of the verdict. */
  knock(knock: Knock): Verdict
  /** Takes over a link; what it says goes to the returned events. */
  accept(socket: Socket, request: LinkRequest, handshake: HandshakeCredentials): SocketEvents
  /**
   * Whether somebody new would be let in and served: false from the first moment of a drain, while the server is overloaded,
   * while its log is not ready, and after its storage failed.
   */
  readonly ready: boolean
  /** The HTTP API; undefined where the options leave it out. */
  readonly api: Api | undefined
  /** What was counted since the start, all messages in and out too, and `queuedBytes`: what is held now for all who have not read it. */
  readonly counters: Readonly<Record<string, number>>
  /**
   * Stops admitting, sends everybody away over at most `spreadMs` (default: the limit `drainMs`), each when its publishes are
   * answered and with a time to come back within `spreadMs`; then finishes what is stored and closes. Idempotent; a further
   * call with `spreadMs: 0` sends the rest away at once. Nothing is left behind [G12].
   */
  close(options?: CloseOptions): Promise<void>
}
