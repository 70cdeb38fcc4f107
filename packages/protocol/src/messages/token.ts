import { type Infer, integer, object, oneOf, optional, text } from "../shape.ts"
import { requestId } from "./request-id.ts"

/** Client → server: a fresh token for the same user, before the old one expires. */
export const token = object({ type: oneOf("token"), id: optional(requestId), token: text(16_384) })
export type Token = Infer<typeof token>

/** Server → client: the fresh token holds. */
export const tokenAccepted = object({ type: oneOf("token"), id: optional(requestId), tokenExpiresInMs: optional(integer(0)) })
export type TokenAccepted = Infer<typeof tokenAccepted>

/** Server → client: the token in use expires soon. */
export const tokenExpiring = object({ type: oneOf("token-expiring"), inMs: integer(0) })
export type TokenExpiring = Infer<typeof tokenExpiring>
