import { countKeys } from "@magpie/protocol"
import { Decoder } from "@msgpack/msgpack"
import { Inspector, type MarkedText, namesProto } from "./inspector.ts"
import { malformed } from "./malformed.ts"

const PROTO = "__proto__"
/** What no UTF-8 decodes to, so that no key of anybody's is taken for it. */
const STAND_IN = `\ud800${PROTO}`

/** Without its store of keys, which draws from `Math.random` what it lets go of. */
const quick = new Decoder({ keyDecoder: null })
/** The library refuses `__proto__`, which is a key like any other in JSON: it is read under another name. */
const careful = new Decoder({
  keyDecoder: {
    canBeCached: (length) => length === PROTO.length,
    decode: (bytes, start, length) => (namesProto(bytes, start) ? STAND_IN : text.decode(bytes.subarray(start, start + length))),
  },
})
const text = new TextDecoder("utf-8", { ignoreBOM: true })

/** The value of one message of a stranger's that was looked at before. Fails with BAD_REQUEST on an object that names a key twice. */
export function unpackInspected(bytes: Uint8Array, inspector: Inspector, start: number): unknown {
  const value = unpack(bytes, inspector, start)
  if (countKeys(value) !== inspector.keys) throw malformed("an object names a key twice")
  return value
}

/**
 * The messages of a frame from somebody who is trusted to write what he means, and still not to claim more than he sends.
 * Fails with BAD_REQUEST.
 */
export function unpackTrusted(frame: Uint8Array): readonly unknown[] {
  const inspector = new Inspector(frame)
  const values: unknown[] = []
  while (!inspector.isAtEnd) {
    const start = inspector.at
    inspector.next()
    if (inspector.refusal !== undefined) throw inspector.refusal
    values.push(unpack(frame.subarray(start, inspector.at), inspector, start))
  }
  return values
}

function unpack(bytes: Uint8Array, { namesPrototype, marked }: Inspector, start: number): unknown {
  const message = marked === undefined ? bytes : doubleMarks(bytes, marked, start)
  return namesPrototype ? restored(careful.decode(message)) : quick.decode(message)
}

/** The same with a second byte order mark in front of each text that begins with one: the decoder takes one off. `offset` is where `bytes` begin. */
function doubleMarks(bytes: Uint8Array, marks: readonly MarkedText[], offset: number): Uint8Array {
  const parts: Uint8Array[] = []
  let from = 0
  for (const { header, start, end } of marks) {
    const long = new Uint8Array([0xdb, 0, 0, 0, 0, 0xef, 0xbb, 0xbf])
    new DataView(long.buffer).setUint32(1, end - start + 3)
    parts.push(bytes.subarray(from, header - offset), long)
    from = start - offset
  }
  parts.push(bytes.subarray(from))
  return concatenate(parts)
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Gives `__proto__` its own name back, as an object's own key. Takes the value over. */
function restored(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = restored(value[index])
    return value
  }
  const object = value as Record<string, unknown>
  // A computed name is an own key also where it is this one; a plain one would set the prototype.
  const named: Record<string, unknown> = Object.hasOwn(object, STAND_IN) ? { [PROTO]: restored(object[STAND_IN]) } : object
  for (const key in object) if (key !== STAND_IN) named[key] = restored(object[key])
  return named
}
