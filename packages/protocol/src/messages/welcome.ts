import { dictionary, type Infer, integer, list, object, oneOf, optional, text } from "../shape.ts"

/**
 * Server → client, the answer to hello. `session` is given back on the next hello. `producer` is the one that the client
 * offered, or a new one where another session uses that; sequences then start anew.
 * `messagesPerSecond` is the rate that this connection may send at, with a burst of twice as many. `channels` tells the kind
 * behind each pattern of the contract, for a client that has only its types.
 */
export const welcome = object({
  type: oneOf("welcome"),
  version: integer(1),
  features: list(text(64), 64),
  connection: text(64),
  session: text(256),
  producer: text(64),
  user: optional(text(256)),
  heartbeatMs: integer(1),
  messageBytes: integer(1),
  messagesPerSecond: optional(integer(1)),
  tokenExpiresInMs: optional(integer(0)),
  channels: optional(dictionary(text(16), 10_000)),
  at: integer(0),
})
export type Welcome = Infer<typeof welcome>
