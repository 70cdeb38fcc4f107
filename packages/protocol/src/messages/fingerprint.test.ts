import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import { PROTOCOL_VERSION } from "../version.ts"
import { DOWN_SHAPES } from "./down.ts"
import { UP_SHAPES } from "./up.ts"

/**
 * When this test fails, a message changed its shape. Decide, then write the new fingerprint down here:
 *
 * - An older side can ignore the change (a new optional field, a new message that nobody must understand): replace the
 *   fingerprint of the current version.
 * - An older side cannot (a field is removed, renamed, narrowed or newly required): raise PROTOCOL_VERSION in version.ts,
 *   add a line to the history there and in docs/protocol.md, and add an entry here. Keep the old ones.
 *
 * Either way: correct docs/protocol.md and fixtures/messages.json in the same commit.
 */
const FINGERPRINTS: Readonly<Record<number, string>> = {
  1: "38773e75cc595aded6636b0a9a9e8cd4",
}

it("changes no message's shape without a decision on the protocol's version", () => {
  const lines = [
    ...[...UP_SHAPES].map(([type, shape]) => `up ${type} ${shape.describe}`),
    ...[...DOWN_SHAPES].map(([type, shape]) => `down ${type} ${shape.describe}`),
  ]
  const fingerprint = createHash("sha256").update(lines.sort().join("\n")).digest("hex").slice(0, 32)
  expect(fingerprint).toBe(FINGERPRINTS[PROTOCOL_VERSION])
})
