import { describe, expect, it } from "vitest"
import { createBatch, HEADROOM_BYTES, payloadOf } from "./batch.ts"

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe("batch", () => {
  it.each(["", "plain ASCII", "鵲橋在此", "🐦".repeat(100), `mixed 鵲 ${"x".repeat(70_000)}`])(
    "encodes %.20s once, behind room for a header",
    (payload) => {
      const batch = createBatch(payload, 1)
      expect(text(payloadOf(batch))).toBe(payload)
      expect(batch.bytes).toBe(new TextEncoder().encode(payload).length)
      expect(batch.buffer.length).toBe(batch.bytes + HEADROOM_BYTES)
    },
  )
})
