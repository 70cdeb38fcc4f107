import { createHmac } from "node:crypto"
import { seededRandom } from "@magpie/testing"
import { compileCapabilities } from "../../../packages/server/src/access/capabilities.ts"
import { createTicketOffice } from "../../../packages/server/src/access/tickets.ts"
import { attempt } from "../refusals.ts"
import { insist, textTarget } from "../target.ts"

const NOW_MS = 1_767_225_600_000
const PAGE = "https://app.example.com"
const USERS = ["ann", "鵲\n", "x".repeat(200)]

const clock = { now: () => NOW_MS, monotonic: () => 0, setTimer: () => ({ cancel() {} }), defer() {} }
const crypto = { hmacSha256: (key: Uint8Array, data: Uint8Array) => new Uint8Array(createHmac("sha256", key).update(data).digest()) }
/** Lets each count as often as it likes: who spends is not what strangers write. */
const control = { spendScope: "scope", spend: () => Promise.resolve(true) }
const office = createTicketOffice({
  clock,
  random: seededRandom("tickets"),
  crypto,
  control,
  keys: () => [new Uint8Array(32).fill(7)],
  maxBytes: 8_192,
})
const issued = new Map(
  USERS.flatMap((id) => [
    [office.issue({ user: { id } }), id],
    [office.issue({ user: { id }, origin: PAGE, address: "2001:db8::1", connectionMs: 5, claims: { org: [id] } }), id],
  ]),
)

/** A ticket as somebody gives it back: only what was issued lets anybody in, and only the one it was issued to. */
export const tickets = textTarget({
  name: "ticket",
  share: 5,
  corpus: [...issued.keys()],
  words: ["magpie-ticket.", ".", "..", "=", "e30", "0", "f", "F"],
  maxLength: 16_384,
  async run(ticket) {
    const identity = await office.redeem(ticket, { address: "2001:db8::2", origin: PAGE })
    insist(identity?.user?.id === issued.get(ticket), "lets in whom it was issued to, and nobody else")
    return identity === undefined ? "refused" : `accepted ${identity.user?.id}`
  },
})

const CLAIMS = [
  { "chat/:room": ["subscribe", "publish"], "users/42": ["history"], "*": ["subscribe"] },
  { "a/*/c": ["publish"], "a/b/:x": ["subscribe"], "a/b/c": [] },
  { "鵲/橋": ["publish"], __proto__x: ["publish"], "a//b": ["publish"] },
]
const CHANNELS = ["chat/lobby", "chat", "chat/a/b", "users/42", "users/421", "a/b/c", "a/x/c", "鵲/橋", "lobby", "", "..", "a//c", "a/../c"]
const ACTIONS = ["subscribe", "publish", "history", ""]

/** A claim of capabilities as a token carries it: refused as a whole, or granting what a plain reading of it says. */
export const capabilityClaims = textTarget({
  name: "capabilities",
  share: 5,
  corpus: CLAIMS.map((claim) => JSON.stringify(claim)),
  words: ['"chat/', ":room", "*", "**", "..", "//", '["publish"]', '"subscribe"', "__proto__", "constructor", "[]", "{}"],
  maxLength: 8_192,
  run(text) {
    const claim = parsed(text)
    if (claim === undefined) return "no JSON"
    const compiled = attempt(["BAD_REQUEST"], () => compileCapabilities(claim))
    if ("refusal" in compiled) return compiled.refusal
    let granted = 0
    for (const channel of CHANNELS) {
      for (const action of ACTIONS) {
        const answer = compiled.value.can(channel, action)
        insist(answer === plainly(claim as Record<string, string[]>, channel, action), "grants what its patterns say, segment by segment")
        if (answer) granted += 1
      }
    }
    return `accepted ${granted}`
  },
})

function plainly(claim: Readonly<Record<string, readonly string[]>>, channel: string, action: string): boolean {
  const name = channel.split("/")
  if (name.some((segment) => segment === "" || segment === "." || segment === "..")) return false
  return Object.entries(claim).some(([pattern, actions]) => {
    const segments = pattern.split("/")
    const fits =
      segments.length === name.length && segments.every((one, index) => one === "*" || one.startsWith(":") || one === name[index])
    return fits && actions.includes(action)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
