import { type Infer, integer, object, oneOf, optional, text } from "../shape.ts"

/**
 * Client → server, first on every connection. `session` is what an earlier welcome gave; `producer` names the counter
 * behind the client's sequences. A token, key or ticket is given here, never in the URL.
 * `link` rises with each link of one client, so that a hello that comes late, on a link that was given up, takes nothing over.
 */
export const hello = object({
  type: oneOf("hello"),
  version: integer(1),
  token: optional(text(16_384)),
  key: optional(text(512)),
  ticket: optional(text(16_384)),
  session: optional(text(256)),
  producer: optional(text(64)),
  client: optional(text(64)),
  link: optional(integer(0)),
})
export type Hello = Infer<typeof hello>
