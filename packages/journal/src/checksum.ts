// CRC-32 as in ISO 3309 (polynomial 0xEDB88320, reflected): finds every burst of up to 32 flipped bits.
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of bytes [start, end). `seed` is the checksum of what came before. */
export function crc32(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  let crc = ~seed
  for (let index = start; index < end; index++) crc = step(crc, bytes[index] ?? 0)
  return ~crc >>> 0
}

/** CRC-32 of a text's UTF-16 units: one byte for those below 128, two for the others. Not the CRC of its UTF-8 form. */
export function crc32Text(text: string, seed = 0): number {
  let crc = ~seed
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
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
  return (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
}
