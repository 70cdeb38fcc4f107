import { msgpack } from "@magpie/msgpack"
import { msgpack as msgpackServer } from "@magpie/msgpack/server"
import { type Codec, type Encoded, jsonServerCodec, type ServerCodec } from "@magpie/protocol"
import { Encoder } from "@msgpack/msgpack"
import { wireCodec } from "../../packages/client/src/connection/wire-codec.ts"

/** A codec with both its halves, and what a stranger writes with it: any value, whether the codec would write it or not. */
export interface CodecUnderTest {
  readonly name: string
  readonly client: Codec
  readonly server: ServerCodec
  readonly write: (value: unknown) => Encoded
  /** An object in which the key stands twice. */
  readonly doubled: (key: string) => Encoded
  /** Values nested so deep, closed or cut off. */
  readonly nested: (depth: number, kind: "list" | "object", cut: boolean) => Encoded
  /** A message whose text is half of a surrogate pair, and then its id. */
  readonly halfText: (id: number) => Encoded
  /** No message at all, which leaves its neighbours alone. */
  readonly nonsense: Encoded
  /** A frame of the other kind. */
  readonly otherFrame: Encoded
}

const encoder = new Encoder({ maxDepth: 100_000 })
const bytes = (...all: readonly (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(all.flatMap((part) => (typeof part === "number" ? [part] : [...part])))

export const CODECS: readonly CodecUnderTest[] = [
  {
    name: "json",
    client: wireCodec,
    server: jsonServerCodec,
    write: (value) => JSON.stringify(value),
    doubled: (key) => `{${JSON.stringify(key)}:1,${JSON.stringify(key)}:2}`,
    nested: (depth, kind, cut) =>
      (kind === "list" ? "[" : '{"a":').repeat(depth) + (cut ? "" : `1${(kind === "list" ? "]" : "}").repeat(depth)}`),
    halfText: (id) => `{"type":"publish","data":"\\ud83d","id":${id}}`,
    nonsense: "{oops",
    otherFrame: new Uint8Array([123, 125]),
  },
  {
    name: "msgpack",
    client: msgpack(),
    server: msgpackServer(),
    write: (value) => encoder.encode(value),
    doubled: (key) => bytes(0x82, encoder.encode(key), 1, encoder.encode(key), 2),
    nested: (depth, kind, cut) =>
      bytes(...Array.from({ length: depth }, () => (kind === "list" ? bytes(0x91) : bytes(0x81, 0xa1, 0x61))), ...(cut ? [] : [1])),
    halfText: (id) =>
      bytes(0x83, encoder.encode("type"), encoder.encode("publish"), 0xa1, 0x78, 0xa3, 0xed, 0xa0, 0xbd, 0xa2, 0x69, 0x64, id),
    nonsense: new Uint8Array([0xc4, 1, 0]),
    otherFrame: "{}",
  },
]

export function lengthOf(frame: Encoded): number {
  return frame.length
}

export function cut(frame: Encoded, length: number): Encoded {
  return typeof frame === "string" ? frame.slice(0, length) : frame.subarray(0, length)
}
