import { createHmac } from "node:crypto"
import { msgpack } from "@magpie/msgpack/server"
import { contract, DEFAULT_LIMITS, type Encoded, json, jsonServerCodec, parseUp, type ServerCodec, stream } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { Decoder, encode as pack } from "@msgpack/msgpack"
import { decodeRecord } from "../../packages/journal/src/cluster/record.ts"
import { decodeRow } from "../../packages/journal/src/rows/message-row.ts"
import { clientAddress } from "../../packages/server/src/access/client-address.ts"
import { createTicketOffice } from "../../packages/server/src/access/tickets.ts"
import { list, object } from "../../packages/server/src/http/description.ts"
import { publishBody } from "../../packages/server/src/http/publisher.ts"
import { readJson } from "../../packages/server/src/http/read-body.ts"
import { readQuery } from "../../packages/server/src/http/read-query.ts"
import { jwt } from "../../packages/server/src/node/jwt.ts"
import { checkHandshake } from "../../packages/server/src/transports/handshake.ts"
import { readUpBody, readVisit, targetOf } from "../../packages/server/src/transports/requests.ts"
import { binaryBombs, bombs } from "./bombs.ts"
import { grown } from "./mutate-text.ts"
import type { Input } from "./target.ts"
import { UP_WIRES, WIRE_WORDS } from "./targets/corpus.ts"
import { exchangeOf } from "./targets/http-requests.ts"

/** A decoder, and the longest inputs that it lets in. */
export interface MeasuredDecoder<I extends Input = Input> {
  readonly name: string
  readonly limitBytes: number
  readonly inputs: readonly I[]
  decode(input: I): unknown
  /** Builds the values that any reader of what was let in would have to build. */
  build(input: I): () => unknown
}

const { messageBytes, channelNameBytes, tokenBytes, visitBytes } = DEFAULT_LIMITS
/** What Node lets into the head of a request. */
const HEAD_BYTES = 16_384
/** The limit of the HTTP API is sixteen times that; what a body takes grows with its length. */
const BODY_BYTES = 65_536

/** Every decoder of what a stranger writes, and those of what stands on a disk or at a broker. */
export function measuredDecoders(seed: string, samples: number): readonly MeasuredDecoder[] {
  const random = seededRandom(`${seed}/allocation`)
  const soil = { random, corpus: UP_WIRES, words: WIRE_WORDS, maxLength: messageBytes }
  const frames = [...bombs(messageBytes), ...Array.from({ length: samples }, () => grown(random.pick(UP_WIRES), soil))]
  return [...frameDecoders(frames), ...doorDecoders(), ...bodyDecoders(), ...storedDecoders()]
}

function frameDecoders(frames: readonly string[]): readonly MeasuredDecoder[] {
  const app = contract({ "chat/:room": stream({ messages: { say: json() } }) })
  const packed = msgpack()
  const text: MeasuredDecoder<string> = {
    name: "server-frame",
    limitBytes: messageBytes,
    inputs: frames,
    decode: (frame) => decodeUp(jsonServerCodec, frame),
    build: (frame) => parsing(frame.split("\n").slice(0, DEFAULT_LIMITS.messagesPerFrame).filter(isLetIn)),
  }
  const binary: MeasuredDecoder<Uint8Array> = {
    name: "binary-server-frame",
    limitBytes: messageBytes,
    inputs: binaryBombs(messageBytes),
    decode: (frame) => decodeUp(packed, frame),
    build: (frame) => unpacking(valuesIn(packed, frame)),
  }
  const name: MeasuredDecoder<string> = {
    name: "channel-name",
    limitBytes: messageBytes,
    inputs: [...bombs(messageBytes), "chat/".repeat(10_000), "鵲".repeat(20_000), `chat/${"é".repeat(channelNameBytes / 2 - 3)}`],
    decode: (channel) => silently(() => app.match(channel)),
    build: () => NOTHING,
  }
  return [text, binary, name]
}

const SECRET = "a secret of at least thirty-two bytes"
const clock = { now: () => 1_767_225_600_000, monotonic: () => 0, setTimer: () => ({ cancel() {} }), defer() {} }

/** Heads of requests, and what somebody shows to be let in. */
function doorDecoders(): readonly MeasuredDecoder[] {
  const auth = jwt({ secret: SECRET })
  const office = createTicketOffice({
    clock,
    random: seededRandom("tickets"),
    crypto: { hmacSha256: (key: Uint8Array, data: Uint8Array) => new Uint8Array(createHmac("sha256", key).update(data).digest()) },
    control: { spendScope: "scope", spend: () => Promise.resolve(true) },
    keys: () => [new Uint8Array(32).fill(7)],
    maxBytes: tokenBytes,
  })
  const shown = { key: undefined, address: "", origin: undefined }
  const handshake: MeasuredDecoder<string> = {
    name: "handshake",
    limitBytes: HEAD_BYTES,
    inputs: fills(HEAD_BYTES, ["a,", ",", "magpie.v1.json,", " ", "1.1.1.1,", "::,"]),
    decode: (header) => [
      checkHandshake({ method: "GET", headers: { ...UPGRADE, "sec-websocket-protocol": [header] } }),
      clientAddress("10.0.0.1", header, PROXIES),
    ],
    build: () => NOTHING,
  }
  const target: MeasuredDecoder<string> = {
    name: "http-target",
    limitBytes: HEAD_BYTES,
    inputs: fills(HEAD_BYTES, ["a&", "&", "%41", "channel=a&", "channel=%E9%B5%B2&"])
      .map((query) => `/magpie/sse?${query}`)
      .concat(fills(HEAD_BYTES, ["a=e:1:&", "%41", "="]).map((vector) => `/magpie/sse?channel=a&position=${vector}`)),
    decode: (its) => [
      silently(() => targetOf(exchangeOf({ method: "GET", target: its }), "/magpie", DEFAULT_LIMITS)),
      silently(() => readQuery(its.slice(12), {})),
    ],
    build: () => NOTHING,
  }
  const token: MeasuredDecoder<string> = {
    name: "token",
    limitBytes: tokenBytes,
    inputs: [
      ...fills(tokenBytes, [".", "a", "eyJ9"]),
      ...[bombs(4_500), bombs(5_900)].flatMap(([parts = ""]) => [`${base64(HEADER)}.${base64(parts)}.AAAA`, `${base64(parts)}.e30.AAAA`]),
    ],
    decode: (its) => auth.authenticate({ ...shown, token: its }, clock),
    build: (its) => parsing(its.split(".", 2).map((part) => Buffer.from(part, "base64url").toString())),
  }
  const ticket: MeasuredDecoder<string> = {
    name: "ticket",
    limitBytes: tokenBytes,
    inputs: fills(tokenBytes - 20, [".", "a", "="]).flatMap((its) => [its, `magpie-ticket.${its}.00`, `magpie-ticket.e30.${its}`]),
    decode: (its) => office.redeem(its, { address: "2001:db8::2", origin: undefined }),
    build: () => NOTHING,
  }
  return [handshake, target, token, ticket]
}

const HEADER = '{"alg":"HS256"}'
const UPGRADE = { upgrade: ["websocket"], "sec-websocket-version": ["13"], "sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ=="] }
const PROXIES: ReadonlySet<string> = new Set(["10.0.0.1", "1.1.1.1", "::"])

/** Bodies of requests. They come as bytes, whose text is built once. */
function bodyDecoders(): readonly MeasuredDecoder[] {
  const batch = object({ messages: list(publishBody, 500, "what to publish") })
  const limits = { ...DEFAULT_LIMITS, apiBodyBytes: BODY_BYTES }
  const bytesOf = (texts: readonly string[], head = ""): readonly Uint8Array[] => texts.map((text) => utf8.encode(head + text))
  const post = (body: Uint8Array) => exchangeOf({ method: "POST", target: "/magpie/visit", body })
  const api: MeasuredDecoder<Uint8Array> = {
    name: "api-body",
    limitBytes: BODY_BYTES,
    inputs: bytesOf([...bombs(BODY_BYTES), `{"messages":[${"{},".repeat(20_000)}{}]}`]),
    decode: (body) => later(async () => batch.check(await readJson(post(body), limits), "")),
    build: (body) => parsing([textOf(body)].filter(isLetIn)),
  }
  const up: MeasuredDecoder<Uint8Array> = {
    name: "post-body",
    limitBytes: messageBytes,
    inputs: bytesOf(["", "x".repeat(messageBytes), "鵲".repeat(messageBytes / 3), "\n".repeat(messageBytes)], `${"0".repeat(32)} 1\n`),
    decode: (body) => later(() => readUpBody(post(body), DEFAULT_LIMITS)),
    build: () => NOTHING,
  }
  const visit: MeasuredDecoder<Uint8Array> = {
    name: "visit-body",
    limitBytes: visitBytes,
    inputs: bytesOf(
      [...bombs(messageBytes), `[]\n`.repeat(visitBytes / 3 - 20), "\n".repeat(visitBytes - 100), '{"id":1}\n'.repeat(4_000)],
      '{"type":"hello"}\n',
    ),
    decode: (body) => later(() => readVisit(post(body), DEFAULT_LIMITS)),
    build: (body) =>
      parsing(
        textOf(body)
          .split("\n")
          .slice(0, DEFAULT_LIMITS.visitMessages + 1),
      ),
  }
  return [api, up, visit]
}

function storedDecoders(): readonly MeasuredDecoder[] {
  const inputs = bombs(messageBytes).map((text) => utf8.encode(text))
  const limitBytes = messageBytes
  const row: MeasuredDecoder<Uint8Array> = {
    name: "row",
    limitBytes,
    inputs,
    decode: (bytes) => silently(() => decodeRow(bytes)),
    build: () => NOTHING,
  }
  const record: MeasuredDecoder<Uint8Array> = { ...row, name: "record", decode: (bytes) => silently(() => decodeRecord(bytes)) }
  return [row, record]
}

const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()
const textOf = (bytes: Uint8Array): string => fromUtf8.decode(bytes)
const base64 = (text: string): string => Buffer.from(text).toString("base64url")
const NOTHING = (): void => {}
const fills = (length: number, pieces: readonly string[]): readonly string[] =>
  pieces.map((piece) => piece.repeat(Math.floor(length / piece.length)))

/** As a connection does it, which ends with one malformed message too many. */
function decodeUp(codec: ServerCodec, frame: Encoded): unknown {
  const decoded = silently(() => codec.decodeUntrusted(frame, DEFAULT_LIMITS, true)) ?? []
  let refused = 0
  return decoded.map((one) => {
    const message = "value" in one && refused <= DEFAULT_LIMITS.badRequests ? silently(() => parseUp(one.value)) : undefined
    if (message === undefined) refused++
    return message
  })
}

function isLetIn(line: string): boolean {
  return valuesIn(jsonServerCodec, line).length === 1
}

/** The messages of a frame that were let in. */
function valuesIn(codec: ServerCodec, frame: Encoded): readonly unknown[] {
  const decoded = silently(() => codec.decodeUntrusted(frame, DEFAULT_LIMITS, typeof frame !== "string")) ?? []
  return decoded.flatMap((one) => ("value" in one ? [one.value] : []))
}

function parsing(texts: readonly string[]): () => unknown {
  const sound = texts.filter((text) => silently(() => [JSON.parse(text)]) !== undefined)
  return () => sound.map((text) => JSON.parse(text))
}

/** Without its store of keys, which lets go of some by chance. */
const unpacker = new Decoder({ keyDecoder: null })

function unpacking(values: readonly unknown[]): () => unknown {
  const messages = values.map((value) => pack(value))
  return () => messages.map((message) => unpacker.decode(message))
}

async function later(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run()
  } catch {
    return undefined
  }
}

function silently<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
