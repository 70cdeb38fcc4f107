import type { DownMessage, MagpieError, Welcome } from "@magpie/protocol"

/**
 * A part of the client that outlives its links. Layers lie on each other: a link that comes is told from the lowest up, one
 * that goes, and the end, from the top down.
 */
export interface Layer {
  /** A link was welcomed; the status does not say so yet. `newToken`: with other credentials than the link before. */
  online?(welcome: Welcome, newToken: boolean): void
  /** A message that answers no request. */
  receive?(message: DownMessage): void
  /** The link is gone, before the status says so. */
  offline?(cause: MagpieError): void
  /** For good: whatever waits fails with this. */
  close?(error: MagpieError): void
}
