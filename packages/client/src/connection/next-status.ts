import type { MagpieError } from "@magpie/protocol"
import type { Status } from "../status.ts"

/** What can happen to a connection. */
export type ConnectionEvent =
  /** Somebody needs a link now: a first use, `connect()`, a timer that is due, the network, a wake-up. */
  | { readonly type: "try"; readonly attempt: number }
  | { readonly type: "welcomed"; readonly since: number; readonly connection: string; readonly user: string | undefined }
  /** The attempt or the link failed. Without a network there is nothing to wait for but the network. */
  | { readonly type: "lost"; readonly cause: MagpieError; readonly attempt: number; readonly retryAt: number; readonly network: boolean }
  | { readonly type: "network-gone"; readonly cause: MagpieError }
  | { readonly type: "closed"; readonly cause: MagpieError | undefined }

/** The one place that says where a connection goes. Returns the same object where the event changes nothing. */
export function nextStatus(status: Status, event: ConnectionEvent): Status {
  if (status.state === "closed") return status
  switch (event.type) {
    case "try":
      if (status.state === "connecting" || status.state === "online") return status
      return { state: "connecting", attempt: event.attempt }
    case "welcomed":
      if (status.state !== "connecting") return status
      return { state: "online", since: event.since, connection: event.connection, user: event.user }
    case "lost":
      if (status.state !== "connecting" && status.state !== "online") return status
      if (!event.network) return { state: "offline", cause: event.cause }
      return { state: "reconnecting", attempt: event.attempt, retryAt: event.retryAt, cause: event.cause }
    case "network-gone":
      return status.state === "reconnecting" ? { state: "offline", cause: event.cause } : status
    case "closed":
      return { state: "closed", cause: event.cause }
  }
}
