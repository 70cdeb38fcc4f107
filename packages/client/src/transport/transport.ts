import type { Encoded, MagpieError } from "@magpie/protocol"

/** What a link tells its owner, never from within `open`, `send` or `close`. After `onClose` nothing follows. */
export interface LinkEvents {
  onOpen(): void
  onMessage(frame: Encoded): void
  /** Also called when the link never opened: then `code` is 1006. A `cause` says why no attempt can succeed; none follows then. */
  onClose(code: number, reason: string, cause?: MagpieError): void
}

/** One link to a server, message by message. */
export interface Link {
  /** Bytes handed over and not yet sent. */
  readonly bufferedBytes: number
  send(frame: Encoded): void
  /** Asks for a close; `onClose` follows. */
  close(code: number, reason: string): void
}

/** Opens links; what `open` throws is a failed attempt. Every transport that Magpie will have, and the in-memory network of a test, is one of these. */
export interface Transport {
  open(url: string, protocols: readonly string[], events: LinkEvents): Link
}
