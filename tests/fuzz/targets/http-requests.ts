import { DEFAULT_LIMITS, type ErrorCode, type Position, parseChannelName } from "@magpie/protocol"
import type { Exchange } from "@magpie/server/core"
import { encodeVector, parseVector } from "../../../packages/server/src/transports/position-vector.ts"
import { readUpBody, readVisit, targetOf } from "../../../packages/server/src/transports/requests.ts"
import { refusalOf } from "../refusals.ts"
import { BrokenPromise, insist, type Target, textTarget } from "../target.ts"
import { UP_WIRES, WIRE_WORDS } from "./corpus.ts"

const LIMITS = DEFAULT_LIMITS
const LINK = "0123456789abcdef"
const VECTOR = "chat%2Flobby=e1:7:k7&%E9%B5%B2=e%3A2:0:"

/** A request of which only this is looked at. Its body is as long as the shell lets one be. */
export function exchangeOf(
  given: Pick<Exchange, "method" | "target"> & { readonly headers?: Exchange["headers"]; readonly body?: Uint8Array },
): Exchange {
  return {
    headers: {},
    address: "192.0.2.1",
    async readBody(maxBytes) {
      return given.body?.subarray(0, maxBytes) ?? new Uint8Array()
    },
    answer() {},
    stream() {
      throw new BrokenPromise("answers nothing before it has read")
    },
    onLeft() {},
    ...given,
  }
}

/** What came of it, or its refusal in a word. */
async function outcomeOf(codes: readonly ErrorCode[], run: () => string | Promise<string>): Promise<string> {
  try {
    return await run()
  } catch (thrown) {
    return refusalOf(thrown, codes)
  }
}

/** The URL of a link, of a reader, of a post; in the second line what a reader says who comes back. */
export const httpTarget = textTarget({
  name: "http-target",
  share: 12,
  corpus: [
    `/magpie/sse?link=${LINK}`,
    "/magpie/sse?channel=chat%2Flobby&channel=%E9%B5%B2&last=20",
    `/magpie/poll?channel=chat/lobby&position=${encodeURIComponent(VECTOR)}`,
    `/magpie/sse?channel=a\n${VECTOR}`,
    `/magpie/visit?link=${LINK}&wait&leave`,
  ],
  words: ["/magpie/up", "channel=", "&", "=", ":", "%", "%2F", "%ff", "%00", "link=", "last=", "position=", VECTOR, "+", "?", "#"],
  maxLength: 65_600,
  run(text) {
    const [target = "", vector] = text.split("\n")
    const headers = vector === undefined ? {} : { "last-event-id": [vector] }
    return outcomeOf(["BAD_REQUEST"], () => {
      const { name, link, channels, positions, last } = targetOf(exchangeOf({ method: "GET", target, headers }), "/magpie", LIMITS)
      insist(Math.max(channels.length, positions.size) <= LIMITS.readChannels, "reads no more channels than the limit")
      insist(channels.length > 0 || name === "visit" || /^[\w-]{16,64}$/.test(link), "names a link, or channels")
      insist(last === undefined || (last >= 1 && last < 1_000_000_000), "asks for a number of messages that there can be")
      const sound = new Map([...positions].filter(([channel, position]) => isOurs(channel, position)))
      insist(same(parseVector(encodeVector(sound), LIMITS.readChannels), sound), "writes what it has read so that it reads the same again")
      return `accepted ${name} ${channels.length} ${positions.size} ${last}`
    })
  },
})

/** A position as a server writes one: others may be too long once they are percent-encoded. */
function isOurs(channel: string, { epoch, mark = "" }: Position): boolean {
  try {
    return parseChannelName(channel).length > 0 && encodeURIComponent(epoch).length <= 96 && encodeURIComponent(mark).length <= 48
  } catch {
    return false
  }
}

function same(a: ReadonlyMap<string, Position>, b: ReadonlyMap<string, Position>): boolean {
  return JSON.stringify([...a]) === JSON.stringify([...b])
}

const utf8 = new TextEncoder()
const SECRET = "00112233445566778899aabbccddeeff"
const LONGEST_POST = LIMITS.messageBytes + 64

/** The body of a post: the link's secret and a number, then a frame. */
export const postBody: Target = {
  name: "post-body",
  share: 12,
  corpus: [...UP_WIRES.slice(0, 4).map((wire, index) => `${SECRET} ${index + 1}\n${wire}`), `${SECRET} 12`, `${SECRET} 0\nclose`].map(
    (text) => utf8.encode(text),
  ),
  maxLength: LONGEST_POST,
  run(body) {
    const read = (bytes: Uint8Array) => readUpBody(exchangeOf({ method: "POST", target: "/magpie/up", body: bytes }), LIMITS)
    return outcomeOf(["BAD_REQUEST"], async () => {
      const { secret, number, frame } = await read(body as Uint8Array)
      insist(
        secret.length === SECRET.length && Number.isSafeInteger(number) && number >= 0,
        "reads a secret and a number that can be counted",
      )
      const again = await read(utf8.encode(`${secret} ${number}\n${frame}`))
      insist(again.number === number && again.frame === frame, "writes what it has read so that it reads the same again")
      return `accepted ${number} ${frame}`
    })
  },
}

const HELLO = '{"type":"hello","version":1,"producer":"fuzz-1234"}'

/** What somebody brings whom no server knows: hello, what stands, what is asked. */
export const visitBody = textTarget({
  name: "visit-body",
  share: 12,
  corpus: [HELLO, [HELLO, ...UP_WIRES.slice(1, 5)].join("\n"), [HELLO, ...UP_WIRES.slice(-6)].join("\n"), UP_WIRES.slice(0, 2).join("\n")],
  words: [...WIRE_WORDS, HELLO, '\n{"id":', '"id":9007199254740992'],
  maxLength: LIMITS.visitBytes,
  run(text) {
    const exchange = exchangeOf({
      method: "POST",
      target: text.length % 2 === 0 ? "/magpie/visit?wait" : "/magpie/visit?leave",
      body: utf8.encode(text),
    })
    return outcomeOf(["BAD_REQUEST", "TOO_LARGE"], async () => {
      const { hello, frames, ids, waits, leaves } = await readVisit(exchange, LIMITS)
      insist([hello, ...frames].join("\n") === text.toWellFormed(), "gives on every line, in order")
      insist(
        frames.every((frame) => frame.split("\n").length <= LIMITS.messagesPerFrame),
        "makes frames that the connection takes",
      )
      insist(
        [...ids].every((id) => Number.isSafeInteger(id) && id >= 0),
        "waits for answers to requests that can have one",
      )
      insist(waits !== leaves, "knows whether its visitor waits or leaves")
      return `accepted ${ids.size}`
    })
  },
})
