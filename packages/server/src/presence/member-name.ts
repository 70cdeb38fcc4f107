import type { Crypto } from "@magpie/protocol"
import { toHex } from "../session/session-token.ts"

/** Keeps these names apart from everything else that is made with the same function. It is no secret. */
const PURPOSE = new TextEncoder().encode("magpie presence member")
const NAME_BYTES = 12

/**
 * The name of a session among the members of a channel. It comes from the session's user and its producer, which the server
 * has bound to each other and lets no second live session use: so it is the same on each link, on every node and after a
 * restart, nobody can take another user's, and it tells nothing of either.
 */
export function memberName(crypto: Crypto, producer: string): string {
  return toHex(crypto.hmacSha256(PURPOSE, new TextEncoder().encode(producer)).subarray(0, NAME_BYTES))
}
