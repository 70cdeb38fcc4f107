import { MagpieError } from "../errors.ts"
import type { Shape } from "../shape.ts"
import { type Receipts, receipts, type Versions, versions } from "./change.ts"
import { type Enter, enter } from "./enter.ts"
import { type Hello, hello } from "./hello.ts"
import { type History, history } from "./history.ts"
import { type Leave, leave } from "./leave.ts"
import { type Members, members } from "./members.ts"
import { type Ping, ping } from "./ping.ts"
import { type Publish, publish } from "./publish.ts"
import { type Subscribe, subscribe } from "./subscribe.ts"
import { type Token, token } from "./token.ts"
import { type Unsubscribe, unsubscribe } from "./unsubscribe.ts"
import { type Unwatch, unwatch } from "./unwatch.ts"
import { type Watch, watch } from "./watch.ts"

/** What a client may say of its own presence and of others'. */
export type PresenceUp = Enter | Leave | Watch | Unwatch | Members

/** Everything that a client may say. */
export type UpMessage = Hello | Subscribe | Unsubscribe | Publish | History | Token | Ping | Versions | Receipts | PresenceUp

export const UP_SHAPES: ReadonlyMap<string, Shape<UpMessage>> = new Map<string, Shape<UpMessage>>([
  ["hello", hello],
  ["subscribe", subscribe],
  ["unsubscribe", unsubscribe],
  ["publish", publish],
  ["history", history],
  ["token", token],
  ["ping", ping],
  ["versions", versions],
  ["receipts", receipts],
  ["enter", enter],
  ["leave", leave],
  ["watch", watch],
  ["unwatch", unwatch],
  ["members", members],
])

/** Fails with BAD_REQUEST naming the field; of an unknown type `details.critical` says whether it is marked so. */
export function parseUp(value: unknown): UpMessage {
  return parseBy(UP_SHAPES, value)
}

export function parseBy<T>(shapes: ReadonlyMap<string, Shape<T>>, value: unknown): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MagpieError("BAD_REQUEST", "a message must be an object", { details: { field: "" } })
  }
  const { type, critical } = value as { type?: unknown; critical?: unknown }
  const shape = shapes.get(type as string)
  if (shape !== undefined) return shape.check(value, "")
  const known = [...shapes.keys()]
  const details = { field: "type", known, ...(typeof type === "string" ? { critical: critical === true } : undefined) }
  throw new MagpieError("BAD_REQUEST", `type must be one of ${known.join(", ")}`, { details })
}
