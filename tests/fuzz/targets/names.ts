import { broadcast, contract, json, parseChannelName, stream } from "@magpie/protocol"
import { kindOf } from "../../../packages/client/src/kinds/kind-of.ts"
import { attempt } from "../refusals.ts"
import { insist, textTarget } from "../target.ts"

const messages = { say: json() }
const app = contract({
  "chat/:room": stream({ messages }),
  "chat/lobby": stream({ messages }),
  "users/:user/devices/:device": stream({ messages }),
  "users/:user/devices/all": broadcast({ messages }),
  ":anything": broadcast({ messages }),
  "大廳/:room": stream({ messages }),
})
const kinds = new Map(Object.entries(app.channels).map(([pattern, { kind }]) => [pattern, kind as string]))
const PATTERNS = Object.keys(app.channels)

/** A channel's name as a stranger gives it, found in a contract. */
export const channelName = textTarget({
  name: "channel-name",
  share: 24,
  corpus: ["chat/lobby", "chat/room-7", "users/42/devices/valve", "users/42/devices/all", "大廳/茶館", "quotes", "a/b/c/d/e"],
  words: [...PATTERNS, "chat", "users", "devices", "all", "ﬁ", "K", "Å", "ⅷ", "а"],
  maxLength: 1_024,
  run(name) {
    const found = attempt(["BAD_REQUEST", "UNKNOWN_CHANNEL"], () => app.match(name))
    if ("refusal" in found) return found.refusal
    const { pattern, params, kind } = found.value
    const filled = pattern.replace(/:([a-zA-Z]+)/g, (_, param: string) => params[param] ?? "")
    insist(filled === name, "finds parameters that make up the name again")
    insist(parseChannelName(name).join("/") === name, "cuts a name into segments that make it up again")
    insist(name.normalize("NFC") === name && !/[\p{C}\p{Z}]/u.test(name), "lets no two names through that look the same")
    insist(kindOf(kinds, name) === kind.kind, "means the same kind on both sides")
    return `accepted ${pattern}`
  },
})

/** A pattern as a contract's author writes it: refused at the door, or good for every name that fits it. */
export const pattern = textTarget({
  name: "pattern",
  share: 6,
  corpus: [...PATTERNS, "a", "a/:b/c/:d"],
  words: [":", ":a", "/:", "chat"],
  maxLength: 1_024,
  run(source) {
    const made = attempt(["INVALID_OPTIONS"], () => contract({ [source]: stream({ messages }) }))
    if ("refusal" in made) return made.refusal
    const name = source.replace(/(^|\/):[^/]*/g, "$1x")
    const found = attempt(["BAD_REQUEST"], () => made.value.match(name))
    if ("refusal" in found) return found.refusal
    insist(found.value.pattern === source, "finds its own pattern")
    return `accepted ${Object.keys(found.value.params)}`
  },
})
