import { seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { applyUpdate, Doc, decodeUpdate, encodeStateAsUpdate, Map as YMap } from "yjs"
import { cutUpdate } from "./cut-update.ts"

/** The update of what is done in one transaction. */
function editing(doc: Doc, edit: (doc: Doc) => void): Uint8Array {
  const updates: Uint8Array[] = []
  const listen = (update: Uint8Array) => updates.push(update)
  doc.on("update", listen)
  doc.transact(() => edit(doc))
  doc.off("update", listen)
  return updates[0] ?? Uint8Array.of()
}

const MOST = 2_000

/** Applies the pieces in their order, where nothing may wait for a later one. */
function applied(pieces: readonly Uint8Array[], base: Uint8Array): Doc {
  const doc = new Doc()
  applyUpdate(doc, base)
  for (const piece of pieces) {
    applyUpdate(doc, piece)
    expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
  }
  return doc
}

describe("a large update", () => {
  const long = "one 三 🐦🐦 ".repeat(5_000)
  const edits: Record<string, (doc: Doc) => void> = {
    "a long text": (doc) => doc.getText("t").insert(3, long),
    "a text with styles": (doc) => {
      for (let at = 0; at < 300; at++) doc.getText("t").insert(at, "ab", { bold: at % 2 === 0, link: String(at) })
    },
    "a long list": (doc) =>
      doc.getArray("list").insert(
        0,
        Array.from({ length: 3_000 }, (_, index) => ({ index, word: "w" })),
      ),
    "many keys": (doc) => {
      for (let key = 0; key < 500; key++) doc.getMap("map").set(`key ${key}`, new YMap([["value", key]]))
    },
    "many deletions": (doc) => {
      for (let at = 0; at < 1_500; at++) doc.getText("base").delete(at, 1)
    },
    "writing and deleting": (doc) => {
      doc.getText("base").delete(5, 1_000)
      doc.getText("base").insert(7, long)
      doc.getText("base").delete(100, 20_000)
    },
  }

  it.each(Object.entries(edits))("is cut into small ones that are the same edit: %s", (_, edit) => {
    const doc = new Doc()
    doc.getText("t").insert(0, "begin")
    doc.getText("base").insert(0, "0123456789".repeat(300))
    const base = encodeStateAsUpdate(doc)
    const update = editing(doc, edit)
    expect(update.length).toBeGreaterThan(MOST)
    const pieces = cutUpdate(update, MOST)
    for (const { length } of pieces) expect(length).toBeLessThanOrEqual(MOST)
    expect(encodeStateAsUpdate(applied(pieces, base))).toEqual(encodeStateAsUpdate(doc))
  })

  it("is cut where several clients have edited", () => {
    const random = seededRandom("cut")
    const docs = [new Doc(), new Doc(), new Doc()]
    for (let round = 0; round < 200; round++) {
      const doc = random.pick(docs)
      doc.getText("t").insert(random.integer(0, doc.getText("t").length), "words ".repeat(random.integer(1, 60)))
      if (round % 10 === 0) for (const other of docs) applyUpdate(other, encodeStateAsUpdate(doc))
    }
    const whole = new Doc()
    for (const doc of docs) applyUpdate(whole, encodeStateAsUpdate(doc))
    const copy = new Doc()
    for (const piece of cutUpdate(encodeStateAsUpdate(whole), MOST)) applyUpdate(copy, piece)
    expect(encodeStateAsUpdate(copy)).toEqual(encodeStateAsUpdate(whole))
  })

  it("stays as it is where it is small, and where it cannot be cut", () => {
    const small = editing(new Doc(), (doc) => doc.getText("t").insert(0, "small"))
    expect(cutUpdate(small, MOST)).toEqual([small])
    const binary = editing(new Doc(), (doc) => doc.getMap("map").set("bytes", new Uint8Array(5_000)))
    const [only, ...more] = cutUpdate(binary, MOST)
    expect([decodeUpdate(only ?? small).structs, more]).toEqual([decodeUpdate(binary).structs, []])
  })
})
