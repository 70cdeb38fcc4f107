import type { Encoded } from "@magpie/protocol"
import type { Batch } from "../flow/batch.ts"

/** What a socket tells the connection that owns it. After `onClose` nothing follows. */
export interface SocketEvents {
  onMessage(frame: Encoded): void
  /** A sign of life that is no message. */
  onAlive(): void
  /** Everything that was queued has been handed to the network. */
  onDrain(): void
  onClose(code: number, reason: string): void
}

/** One link from the server's side, whatever carries it. */
export interface Socket {
  /** Bytes given to `send` that the network has not taken yet. */
  readonly queuedBytes: number
  /** Sends all batches, in order, with one write. The list belongs to the caller again when this returns. */
  send(batches: readonly Batch[]): void
  /** Somebody waits for `onDrain`. For sockets that tell it by themselves only after much was queued. */
  askForDrain?(): void
  /** Asks the other side for a sign of life. */
  ping(): void
  /** Stops and starts reading, so that a sender feels that it is too fast. */
  pause(): void
  resume(): void
  /** Sends a close; `onClose` follows, at the latest after the close limit. */
  close(code: number, reason: string): void
  /** Cuts the link. */
  terminate(): void
}

/** What is known of a link before anything was said on it. */
export interface LinkRequest {
  /** The other side's address, as far as proxies are trusted. */
  readonly address: string
  readonly origin: string | undefined
  readonly userAgent: string | undefined
  /** Without our subprotocol: one message a frame, and no hello is needed where anonymous ones are let in. */
  readonly plain: boolean
  /** The subprotocol that was asked for; JSON where none was. One that the server does not speak is answered with a close. */
  readonly subprotocol?: string | undefined
  /** It lasts for one request, and its session goes on with the next. */
  readonly visit?: boolean
}

/** What came with the handshake itself, in a header or beside the subprotocol. Not kept once it has been looked at. */
export interface HandshakeCredentials {
  readonly token?: string | undefined
  readonly key?: string | undefined
  readonly ticket?: string | undefined
}
