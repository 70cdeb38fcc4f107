import type { MagpieError } from "@magpie/protocol"

/** Where the connection is in its life, as one value. `retryAt` is wall time in milliseconds. */
export type Status =
  /** Nothing asked for a connection yet, or `connect` was called with `lazy`. */
  | { readonly state: "idle" }
  | { readonly state: "connecting"; readonly attempt: number }
  | { readonly state: "online"; readonly since: number; readonly connection: string; readonly user: string | undefined }
  /** Waiting for the next attempt. */
  | { readonly state: "reconnecting"; readonly attempt: number; readonly retryAt: number; readonly cause: MagpieError }
  /** The machine says that it has no network. Tries again as soon as it has, and meanwhile too, in silence, because machines are often wrong. */
  | { readonly state: "offline"; readonly cause: MagpieError }
  /** For good: by `close()`, or because the server said not to come back. */
  | { readonly state: "closed"; readonly cause: MagpieError | undefined }

export type StatusName = Status["state"]

/** One transition. `retryInMs` is there when the new state waits for an attempt. */
export interface StatusChange {
  readonly from: StatusName
  readonly to: StatusName
  readonly status: Status
  readonly retryInMs: number | undefined
  readonly cause: MagpieError | undefined
}
