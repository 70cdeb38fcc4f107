import { type Decoded, type DecodeLimits, type JsonText, MagpieError, type ServerCodec, toMagpieError } from "@magpie/protocol"
import { bytesOf } from "./client-codec.ts"
import { Inspector } from "./inspector.ts"
import { malformed } from "./malformed.ts"
import { packMessage, packPlain } from "./pack.ts"
import { SUBPROTOCOL_MSGPACK } from "./subprotocol.ts"
import { TextCache } from "./text-cache.ts"
import { concatenate, unpackInspected, unpackTrusted } from "./unpack.ts"
import { createWriters } from "./writers.ts"

export interface MsgpackOptions {
  /** Bytes of stored messages that are kept as MessagePack, so that what many read is written once. Default 4 MiB. */
  readonly cacheBytes?: number
}

const CACHE_BYTES = 4 * 1024 * 1024

/** MessagePack beside JSON, for the option `codecs` of a server. One serves any number of connections. Fails with INVALID_OPTIONS. */
export function msgpack({ cacheBytes = CACHE_BYTES }: MsgpackOptions = {}): ServerCodec {
  if (!Number.isFinite(cacheBytes) || cacheBytes < 0) {
    throw new MagpieError("INVALID_OPTIONS", "cacheBytes must be a number of at least 0", { details: { option: "cacheBytes" } })
  }
  const cache = new TextCache(cacheBytes, packText)
  return {
    subprotocol: SUBPROTOCOL_MSGPACK,
    encode: (message) => packMessage(message, readJson),
    join: (parts) => concatenate(parts.map(bytesOf)),
    decode: (frame) => unpackTrusted(bytesOf(frame)),
    ...createWriters(packText, (text) => cache.of(text)),
    decodeUntrusted: (frame, limits, several) => decodeUntrusted(bytesOf(frame), limits, several),
  }
}

function packText(text: JsonText): Uint8Array {
  return packPlain(readJson(text))
}

/** As JSON is written here: each escape that is no half of a surrogate pair is passed over whole. */
const HALVES = /\\\\|\\ud[89a-f][0-9a-f]{2}/g

/** MessagePack's text is UTF-8, which has no form for half of a surrogate pair; only the server's own code can have written one. */
function readJson(text: string): unknown {
  return JSON.parse(text.includes("\\ud") ? text.replace(HALVES, (found) => (found === "\\\\" ? found : "\\ufffd")) : text)
}

function decodeUntrusted(frame: Uint8Array, limits: DecodeLimits, several: boolean): readonly Decoded[] {
  const inspector = new Inspector(frame, limits)
  const decoded: Decoded[] = []
  let refused = 0
  do {
    if (decoded.length === (several ? limits.messagesPerFrame : 1)) throw tooMany(limits, several)
    const one = decodeNext(frame, inspector)
    decoded.push(one)
    // A refusal costs far more than a message, so a frame that ends its connection anyway is not read to its end.
    if ("error" in one && ++refused > limits.badRequests) break
  } while (!inspector.isAtEnd)
  return decoded
}

function decodeNext(frame: Uint8Array, inspector: Inspector): Decoded {
  const start = inspector.at
  try {
    inspector.next()
    if (inspector.refusal !== undefined) throw inspector.refusal
    return { value: unpackInspected(frame.subarray(start, inspector.at), inspector, start) }
  } catch (failure) {
    return { error: toMagpieError(failure), id: inspector.id }
  }
}

function tooMany({ messagesPerFrame }: DecodeLimits, several: boolean): MagpieError {
  return malformed(`a frame holds at most ${several ? messagesPerFrame : 1} messages`, "messagesPerFrame")
}
