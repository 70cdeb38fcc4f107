import { type Infer, integer, object, oneOf, optional, text } from "../shape.ts"

/** Server → client: this server leaves. Finish, and come back after `retryAfterMs`; the close follows. */
export const goAway = object({ type: oneOf("go-away"), reason: text(64), retryAfterMs: optional(integer(0)) })
export type GoAway = Infer<typeof goAway>
