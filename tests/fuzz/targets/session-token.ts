import { createHmac } from "node:crypto"
import { seededRandom } from "@magpie/testing"
import { createSessionTokens } from "../../../packages/server/src/session/session-token.ts"
import { insist, textTarget } from "../target.ts"

const KEY = new Uint8Array(32).fill(7)
const USERS = ["", "ann", "ann\n"]

const crypto = { hmacSha256: (key: Uint8Array, data: Uint8Array) => new Uint8Array(createHmac("sha256", key).update(data).digest()) }
const tokens = createSessionTokens(crypto, seededRandom("session-token"), () => [KEY])
const issued = new Map(USERS.flatMap((user) => Array.from({ length: 4 }, () => [tokens.create(user).token, user] as const)))

/** A session's token as a client gives it back: only what was issued, to the one it was issued to, names a session. */
export const sessionToken = textTarget({
  name: "session-token",
  share: 5,
  corpus: [...issued.keys()],
  words: ["0", "f", "F", ".", ".."],
  maxLength: 256,
  run(token) {
    const named = USERS.filter((user) => tokens.verify(token, user) !== undefined)
    const [user] = named
    insist(named.length <= 1, "names a session for one user only")
    insist(user === issued.get(token), "names a session where it was issued, and nowhere else")
    return user === undefined ? "unknown" : `accepted ${user}`
  },
})
