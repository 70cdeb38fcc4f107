const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const VALUES = new Map([...LETTERS].map((letter, value) => [letter.charCodeAt(0), value]))
const VALUE_OF = Uint8Array.from({ length: 128 }, (_, unit) => VALUES.get(unit) ?? 255)
const PAD = 0x3d
/** Letters that are joined at a time. */
const PIECE = 8_192

/** Bytes as Base64 with padding (RFC 4648, section 4), which every codec carries as text. */
export function encodeBase64(bytes: Uint8Array): string {
  const letters = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  let end = 0
  for (let index = 0; index < bytes.length; index += 3) {
    const [first = 0, second, third] = [bytes[index], bytes[index + 1], bytes[index + 2]]
    const bits = (first << 16) | ((second ?? 0) << 8) | (third ?? 0)
    letters[end++] = LETTERS.charCodeAt(bits >> 18)
    letters[end++] = LETTERS.charCodeAt((bits >> 12) & 63)
    letters[end++] = second === undefined ? PAD : LETTERS.charCodeAt((bits >> 6) & 63)
    letters[end++] = third === undefined ? PAD : LETTERS.charCodeAt(bits & 63)
  }
  let text = ""
  for (let index = 0; index < end; index += PIECE) text += String.fromCharCode(...letters.subarray(index, index + PIECE))
  return text
}

/** Undefined where the text is not what `encodeBase64` writes: what stands for the same bytes is written in one way only. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  const letters = text.length - padding
  let bits = 0
  let end = 0
  for (let index = 0; index < letters; index++) {
    const value = VALUE_OF[text.charCodeAt(index)] ?? 255
    if (value === 255) return undefined
    bits = ((bits & 0x3ffff) << 6) | value
    if (index % 4 !== 0) bytes[end++] = (bits >> (6 - 2 * (index % 4))) & 255
  }
  const unused = padding === 2 ? bits & 15 : padding === 1 ? bits & 3 : 0
  return unused === 0 ? bytes : undefined
}
