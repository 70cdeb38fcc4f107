import { type Batch, HEADROOM_BYTES } from "../flow/batch.ts"

const FIN_TEXT = 0x81
const FIN_BINARY = 0x82

/**
 * The batch as one unmasked WebSocket frame (RFC 6455 section 5.2), its header written into the batch's own headroom: made
 * once, shared by every connection.
 */
export function frameOf(batch: Batch): Uint8Array {
  batch.wire ??= writeHeader(batch)
  return batch.wire
}

function writeHeader({ buffer, bytes, text }: Batch): Uint8Array {
  const headerBytes = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10
  const start = HEADROOM_BYTES - headerBytes
  const frame = Buffer.from(buffer.buffer, buffer.byteOffset + start, headerBytes + bytes)
  frame[0] = text ? FIN_TEXT : FIN_BINARY
  if (headerBytes === 2) frame[1] = bytes
  else if (headerBytes === 4) {
    frame[1] = 126
    frame.writeUInt16BE(bytes, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(bytes), 2)
  }
  return frame
}
