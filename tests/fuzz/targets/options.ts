import { LIMITS } from "@magpie/protocol"
import { anonymous, checkOptions } from "@magpie/server/core"
import { checkOptions as checkClientOptions } from "../../../packages/client/src/settings.ts"
import { attempt } from "../refusals.ts"
import { insist, textTarget } from "../target.ts"

const SERVER_OPTIONS = [
  {},
  { origins: "any", heartbeatMs: 10_000, pongTimeoutMs: 8_000, tokenGraceMs: 0 },
  { origins: ["https://example.org"], limits: { connections: 10, messageBytes: 1_024, queuedBytes: 65_536 }, deduplicationMs: 3_600_000 },
]
const CLIENT_OPTIONS = [
  { url: "wss://example.org" },
  { url: "http://localhost:8080/magpie?x=1", token: "t", heartbeatMs: 1_000, backoff: { initialMs: 10, maxMs: 100 }, lingerMs: 0 },
  { url: "ws://[::1]:8080", key: "k", maxPending: 10, connectTimeoutMs: 500 },
]

/** What a configuration in JSON may say to a server: refused at the door by name, or within bounds. */
export const serverOptions = textTarget({
  name: "server-options",
  share: 5,
  corpus: SERVER_OPTIONS.map((options) => JSON.stringify(options)),
  words: Object.keys(LIMITS).map((name) => `"${name}":`),
  maxLength: 4_096,
  run(text) {
    const given = parsed(text)
    if (given === undefined) return "no JSON"
    const checked = attempt(["INVALID_OPTIONS"], () => checkOptions({ ...given, auth: anonymous() }))
    if ("refusal" in checked) return checked.refusal
    const { limits, heartbeatMs, pongTimeoutMs, tokenGraceMs, deduplicationMs } = checked.value
    const numbers = [...Object.values(limits), heartbeatMs, pongTimeoutMs, deduplicationMs]
    insist(numbers.every((value) => typeof value === "number" && value > 0) && tokenGraceMs >= 0, "lets numbers above 0 through")
    return `accepted ${numbers.join()}`
  },
})

/** The same for a client. */
export const clientOptions = textTarget({
  name: "client-options",
  share: 5,
  corpus: CLIENT_OPTIONS.map((options) => JSON.stringify(options)),
  words: ["ws://", "wss:", "https://user:secret@", "//", "?", "#", '"url":', '"token":', '"key":', '"backoff":'],
  maxLength: 4_096,
  run(text) {
    const given = parsed(text)
    if (given === undefined) return "no JSON"
    const { url, transport: _transport, ...options } = given
    const checked = attempt(["INVALID_OPTIONS"], () => checkClientOptions(url as string, options, { open: () => never() }))
    if ("refusal" in checked) return checked.refusal
    const settings = checked.value
    insist(/^wss?:\/\/[^/@]+\//.test(settings.url), "goes to an address with a path and without credentials")
    insist(settings.backoff.maxMs >= settings.backoff.initialMs && settings.backoff.initialMs >= 1, "waits a time that can pass")
    return `accepted ${settings.url}`
  },
})

function never(): never {
  throw new Error("nothing is opened here")
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
