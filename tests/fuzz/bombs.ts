import { encode } from "@msgpack/msgpack"

/** Texts that are small to write and large to hold, or dear to refuse. */
export function bombs(length: number): readonly string[] {
  const keys = (count: number, value: string): string =>
    `{${Array.from({ length: count }, (_, key) => `"${key.toString(36)}":${value}`).join()}}`
  const fill = (piece: string): string => piece.repeat(Math.floor((length - 64) / piece.length))
  return [
    `[${fill("[],")}0]`,
    `[${fill("{},")}0]`,
    `[${fill("1.5,")}0]`,
    `[${fill(`${"[".repeat(60)}${"]".repeat(60)},`)}0]`,
    `"${fill("\\ud83d\\udc4b")}"`,
    `"${fill("\\\\")}"`,
    keys(5_000, "{}"),
    `{"type":"ping","positions":${keys(1_000, "1")}}`,
    `{"type":"publish","channel":"a","name":"n","data":[${fill('{"a":1},').slice(0, 8 * 4_000)}0]}`,
    "\n".repeat(1_023),
    fill("x\n").slice(0, 2 * 1_023),
    fill('{"a":1,"a":1}\n').slice(0, 14 * 1_000),
    fill("{}\n").slice(0, 3 * 1_023),
    fill("{"),
    fill('"'),
  ]
}

/** The same in MessagePack. */
export function binaryBombs(length: number): readonly Uint8Array[] {
  const [NIL, LIST, OBJECT, DOUBLE, NEVER, LONG_LIST] = [0xc0, 0x90, 0x80, 0xcb, 0xc1, 0xdd]
  const listOf = (...item: readonly number[]): Uint8Array => {
    const count = Math.floor((length - 5) / item.length)
    const bytes = new Uint8Array(5 + count * item.length)
    bytes[0] = LONG_LIST
    new DataView(bytes.buffer).setUint32(1, count)
    for (let at = 0; at < count; at++) bytes.set(item, 5 + at * item.length)
    return bytes
  }
  const keys = Object.fromEntries(Array.from({ length: 8_000 }, (_, key) => [key.toString(36), {}]))
  return [
    listOf(NIL),
    listOf(LIST),
    listOf(OBJECT),
    listOf(DOUBLE, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0),
    listOf(...Array.from({ length: 60 }, () => LIST + 1), NIL),
    listOf(0xa1, 0x61),
    encode(keys),
    encode({ type: "ping", data: "鵲".repeat(Math.floor(length / 3) - 20) }),
    encode({ type: "publish", channel: "a", name: "n", data: Array.from({ length: 3_000 }, () => ({ a: 1 })) }),
    new Uint8Array(length).fill(NEVER),
    new Uint8Array(1_024).fill(NIL),
    new Uint8Array(1_024).fill(OBJECT),
    new Uint8Array(length).fill(LIST + 1),
    Uint8Array.of(LONG_LIST, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff),
  ]
}
