/**
 * The protocol's version and its history. A change that an older side cannot ignore raises it; new optional fields and
 * new message types that are not critical do not. `messages/fingerprint.test.ts` fails on a change without a decision.
 *
 * 1  0.1.0  first version: broadcast and stream
 */
export const PROTOCOL_VERSION = 1

/** The oldest version that this release still speaks. */
export const OLDEST_PROTOCOL_VERSION = 1

/** The WebSocket subprotocol of Magpie's own client with the JSON codec; several messages may share a frame. */
export const SUBPROTOCOL_JSON = "magpie.v1.json"

/** A subprotocol entry that starts so carries a token, for callers that can set no header. It is never echoed. */
export const SUBPROTOCOL_TOKEN_PREFIX = "magpie.token."

/** The same for a ticket, which counts once. */
export const SUBPROTOCOL_TICKET_PREFIX = "magpie.ticket."

/** The path of Magpie's own protocol, unless the server says otherwise. */
export const DEFAULT_PATH = "/magpie"

/**
 * A client without a link of its own repeats on each visit what it wants to stand, as subscriptions; these requests have ids from
 * here on, and a reply that grants one is no news.
 */
export const STANDING_ID = 2 ** 40
