import { DEFAULT_LIMITS } from "@magpie/protocol"
import { list, object } from "../../../packages/server/src/http/description.ts"
import { publishBody } from "../../../packages/server/src/http/publisher.ts"
import { readJson } from "../../../packages/server/src/http/read-body.ts"
import { readQuery } from "../../../packages/server/src/http/read-query.ts"
import { historyRoute } from "../../../packages/server/src/http/routes/history.ts"
import { refusalOf } from "../refusals.ts"
import { insist, textTarget } from "../target.ts"

const limits = { ...DEFAULT_LIMITS, jsonDepth: 16, jsonKeys: 100 }
const batchBody = object({ messages: list(publishBody, 8, "what to publish") })
const MESSAGES = [
  { channel: "chat/lobby", name: "say", data: { text: "你好 👋" } },
  { channel: "orders/ann", name: "shipped", data: [1, null, "x"], from: "ann", key: "order-17" },
  { channel: "a", name: "b", data: null, key: "!~ !" },
]

/** The body of a batch: refused by name, or taken exactly as it was written. */
export const apiBodies = textTarget({
  name: "api-body",
  share: 5,
  corpus: [...MESSAGES.map((message) => JSON.stringify({ messages: [message] })), JSON.stringify({ messages: MESSAGES })],
  words: ['{"messages":[', "]}", '"channel":', '"data":', '"key":', '"from":', "__proto__", '"constructor"', "1e400", "\\ud800"],
  maxLength: 8_192,
  async run(text) {
    const request = { method: "POST", target: "/", headers: {}, address: "", readBody: async () => new TextEncoder().encode(text) }
    try {
      const { messages } = batchBody.check(await readJson(request, limits), "")
      insist(
        JSON.stringify({ messages }) === JSON.stringify(reordered(JSON.parse(text.toWellFormed()))),
        "takes what was written and nothing else",
      )
      return `accepted ${messages.length}`
    } catch (thrown) {
      return refusalOf(thrown, ["BAD_REQUEST"])
    }
  },
})

/** Fields in the order in which they are checked. */
function reordered({ messages }: { readonly messages: readonly Readonly<Record<string, unknown>>[] }): unknown {
  const fields = ["channel", "name", "data", "from", "key"]
  return {
    messages: messages.map((message) => Object.fromEntries(fields.filter((name) => name in message).map((name) => [name, message[name]]))),
  }
}

const { query: fields = {} } = historyRoute({
  contract: undefined as never,
  limits,
  log: undefined as never,
  sheds: () => false,
})

/** The query of a page of history: every parameter once, numbers in their bounds. */
export const apiQueries = textTarget({
  name: "api-query",
  share: 3,
  corpus: ["channel=chat%2Flobby&limit=50", "channel=chat/lobby&after=0&epoch=6eswju8eli", "channel=%E9%B5%B2&before=9007199254740991"],
  words: ["channel=", "&", "=", "%", "%2F", "%ff", "+", "limit=", "before=", "after=", "-1", "1e3", "0x10", "9".repeat(16)],
  maxLength: 2_048,
  run(text) {
    try {
      const read = readQuery(text, fields)
      insist(typeof read.channel === "string" && read.channel.length >= 1, "has a channel")
      for (const name of ["limit", "before", "after"]) {
        const value = read[name]
        insist(value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0), `takes ${name} as a whole number`)
      }
      return `accepted ${Object.keys(read).join(" ")}`
    } catch (thrown) {
      return refusalOf(thrown, ["BAD_REQUEST"])
    }
  },
})
