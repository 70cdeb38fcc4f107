import { decodeBase64, encodeBase64 } from "@magpie/protocol"
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs"

/** Joins updates in Base64 into one. What builds on operations that are not there is a part of it. For a worker alone. */
export function joinUpdates(updates: readonly string[]): string {
  const doc = new Doc()
  doc.transact(() => {
    for (const update of updates) applyUpdate(doc, decodeBase64(update) ?? new Uint8Array([0, 0]))
  })
  return encodeBase64(encodeStateAsUpdate(doc))
}
