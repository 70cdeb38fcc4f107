import { describe, expect, it } from "vitest"
import { createBatch } from "../flow/batch.ts"
import { frameOf } from "./websocket-frame.ts"

describe("frame of a batch", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 300_000])("writes the shortest header for %i bytes (RFC 6455 section 5.2)", (length) => {
    const frame = frameOf(createBatch("x".repeat(length), 1))
    expect(frame[0]).toBe(0x81)
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    if (length < 126) expect([frame[1], frame.length]).toEqual([length, length + 2])
    else if (length < 65_536) expect([frame[1], view.getUint16(2), frame.length]).toEqual([126, length, length + 4])
    else expect([frame[1], Number(view.getBigUint64(2)), frame.length]).toEqual([127, length, length + 10])
  })

  it("marks bytes as binary and makes the frame once", () => {
    const batch = createBatch(Uint8Array.of(1, 2, 3), 1)
    expect([...frameOf(batch)]).toEqual([0x82, 3, 1, 2, 3])
    expect(frameOf(batch)).toBe(frameOf(batch))
  })
})
