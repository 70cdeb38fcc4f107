// CRC-32 as in ISO 3309 (polynomial 0xEDB88320, reflected): finds every burst of up to 32 flipped bits. Four bytes are taken
// at a time, each through its own table ("slicing by four").
const [FIRST, SECOND, THIRD, FOURTH] = makeTables()

function makeTables(): readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    return value
  })
  const behind = (table: Uint32Array): Uint32Array => table.map((value) => (first[value & 0xff] ?? 0) ^ (value >>> 8))
  const second = behind(first)
  const third = behind(second)
  return [first, second, third, behind(third)]
}

/** CRC-32 of bytes [start, end). `seed` is the checksum of what came before. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  let crc = ~seed
  let index = start
  for (; index + 4 <= end; index += 4) {
    crc ^= (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8) | ((bytes[index + 2] ?? 0) << 16) | ((bytes[index + 3] ?? 0) << 24)
    crc = fourSteps(crc)
  }
  for (; index < end; index++) crc = step(crc, bytes[index] ?? 0)
  return ~crc >>> 0
}

/** CRC-32 of a text's UTF-16 units: one byte for those below 128, two for the others. Not the CRC of its UTF-8 form. */
export function crc32Text(text: string, seed = 0): number {
  let crc = ~seed
  let index = 0
  while (index < text.length) {
    if (index + 4 <= text.length) {
      const a = text.charCodeAt(index)
      const b = text.charCodeAt(index + 1)
      const c = text.charCodeAt(index + 2)
      const d = text.charCodeAt(index + 3)
      if ((a | b | c | d) < 0x80) {
        crc = fourSteps(crc ^ (a | (b << 8) | (c << 16) | (d << 24)))
        index += 4
        continue
      }
    }
    const unit = text.charCodeAt(index++)
    if (unit >= 0x80) crc = step(crc, (unit >>> 8) | 0x80)
    crc = step(crc, unit & 0xff)
  }
  return ~crc >>> 0
}

/** CRC-32 of a whole number below 2^53. */
export function crc32Number(value: number, seed = 0): number {
  let crc = ~seed
  const low = value >>> 0
  const high = (value / 0x1_0000_0000) >>> 0
  for (let shift = 0; shift < 32; shift += 8) crc = step(crc, (low >>> shift) & 0xff)
  for (let shift = 0; shift < 32; shift += 8) crc = step(crc, (high >>> shift) & 0xff)
  return ~crc >>> 0
}

function step(crc: number, byte: number): number {
  return (FIRST[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
}

function fourSteps(crc: number): number {
  return (FOURTH[crc & 0xff] ?? 0) ^ (THIRD[(crc >>> 8) & 0xff] ?? 0) ^ (SECOND[(crc >>> 16) & 0xff] ?? 0) ^ (FIRST[crc >>> 24] ?? 0)
}
