import { DEFAULT_LIMITS, isMagpieError } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import * as Y from "yjs"
import { inspectUpdate } from "./inspect-update.ts"

/** What Yjs itself writes for edits of every kind. */
function honestUpdates(): Uint8Array[] {
  const doc = new Y.Doc()
  const other = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on("update", (update: Uint8Array) => updates.push(update))
  const text = doc.getText("text")
  text.insert(0, "one two 三 🐦")
  text.insert(3, " and", { bold: true })
  text.format(0, 2, { italic: true, link: { href: "x" } })
  text.insertEmbed(1, { image: ["a", { b: null }] })
  text.delete(2, 3)
  const map = doc.getMap("map")
  map.set("any", { numbers: [1, -70, 2 ** 40, 0.1, 1.5], yes: true, no: false, none: null, bytes: new Uint8Array([1, 2]), big: 5n })
  map.set("bytes", new Uint8Array([0, 255]))
  map.set("sub", new Y.Doc({ guid: "guid" }))
  map.set("list", new Y.Array())
  map.set("gone", 1)
  map.delete("gone")
  const xml = doc.getXmlFragment("xml")
  xml.insert(0, [new Y.XmlElement("p"), new Y.XmlText("words")])
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
  other.getText("text").insert(4, "from elsewhere")
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
  updates.push(Y.encodeStateAsUpdate(doc), Y.mergeUpdates(updates))
  return updates
}

const take = (bytes: Uint8Array) => inspectUpdate(bytes, DEFAULT_LIMITS)

/** What it is refused with; undefined where it is taken. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    take(bytes)
    return undefined
  } catch (thrown) {
    return isMagpieError(thrown) ? thrown.code : String(thrown)
  }
}

/** An update of one run: its client, its counter, then the bytes of its parts, and no deletions. */
const run = (parts: number, clock: number[], ...bytes: number[]) => Uint8Array.from([1, parts, 7, ...clock, ...bytes, 0])
const HUGE = [255, 255, 255, 255, 255, 255, 255, 15]

describe("an update of a stranger", () => {
  it("is taken as Yjs writes it, and what it brings and builds on is read", () => {
    for (const update of honestUpdates()) expect(refusal(update)).toBeUndefined()
    const doc = new Y.Doc()
    doc.clientID = 5
    const updates: Uint8Array[] = []
    doc.on("update", (update: Uint8Array) => updates.push(update))
    doc.getText("t").insert(0, "abc")
    doc.getText("t").insert(3, "de")
    doc.getText("t").delete(0, 1)
    const [first, second, third] = updates.map(take)
    expect(first).toEqual({ brings: [{ client: 5, from: 0, to: 3 }], needs: new Map(), deletes: false })
    expect(second).toEqual({ brings: [{ client: 5, from: 3, to: 5 }], needs: new Map([[5, 3]]), deletes: false })
    expect(third).toEqual({ brings: [], needs: new Map([[5, 1]]), deletes: true })
  })

  it.each([
    ["nothing at all", Uint8Array.from([])],
    ["no edit", Uint8Array.from([0, 0])],
    ["a number without an end", Uint8Array.from(new Array(64).fill(255))],
    ["runs that are not there", Uint8Array.from([...HUGE, 0])],
    ["parts that are not there", Uint8Array.from([1, ...HUGE, 7, 0])],
    ["a run of nothing", Uint8Array.from([1, 0, 7, 0, 0])],
    ["a text longer than the bytes", run(1, [0], 4, 1, 1, 116, ...HUGE)],
    ["an empty text", run(1, [0], 4, 1, 1, 116, 0)],
    ["a text that is not UTF-8", run(1, [0], 4, 1, 1, 116, 1, 255)],
    ["a huge run of deletions", run(1, [0], 1, 1, 1, 116, ...HUGE)],
    ["a huge run of nothing", run(1, [0], 0, ...HUGE)],
    ["a counter far ahead", run(1, HUGE, 4, 1, 1, 116, 1, 97)],
    ["a hole of its own", run(1, [0], 10, 5)],
    ["an edit that follows itself", run(1, [0], 132, 7, 0, 1, 97)],
    ["an edit that follows a later one", run(1, [0], 132, 7, 9, 1, 97)],
    ["a parent that is itself", run(1, [0], 4, 0, 7, 0, 1, 97)],
    ["content of no known kind", run(1, [0], 31, 1, 1, 116, 1)],
    ["a shared type of no known kind", run(1, [0], 7, 1, 1, 116, 7)],
    ["JSON that is none", run(1, [0], 5, 1, 1, 116, 1, 123)],
    ["JSON that is nested deeply", run(1, [0], 5, 1, 1, 116, 200, 1, ...new Array(100).fill(91), ...new Array(100).fill(93))],
    ["values that are nested deeply", run(1, [0], 8, 1, 1, 116, 1, ...new Array(200).fill([117, 1]).flat(), 126)],
    ["a list that claims more than there is", run(1, [0], 8, 1, 1, 116, 1, 117, ...HUGE)],
    ["more bytes than it needs", Uint8Array.from([...run(1, [0], 4, 1, 1, 116, 1, 97), 0])],
    ["one client twice", Uint8Array.from([2, 1, 7, 0, 4, 1, 1, 116, 1, 97, 1, 7, 1, 4, 1, 1, 116, 1, 97, 0])],
    ["deletions that are not there", Uint8Array.from([0, ...HUGE])],
    ["a huge deletion", Uint8Array.from([0, 1, 7, 1, 0, ...HUGE])],
  ])("[F93] is refused with %s", (_, bytes) => expect(refusal(bytes)).toBe("DOC_REJECTED"))

  it("[F93] is refused, or can be applied: cut anywhere, and with any of its bytes changed", () => {
    const random = seededRandom("hostile updates")
    const honest = honestUpdates()
    let taken = 0
    for (const update of honest)
      for (let length = 0; length < update.length; length++) expect(refusal(update.subarray(0, length))).toBe("DOC_REJECTED")
    for (let round = 0; round < 4_000; round++) {
      const bytes = Uint8Array.from(random.pick(honest))
      for (let changes = random.integer(1, 3); changes > 0; changes--) bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255)
      const code = refusal(bytes)
      if (code !== undefined) {
        expect(code).toBe("DOC_REJECTED")
        continue
      }
      taken++
      const doc = new Y.Doc()
      Y.applyUpdate(doc, honest.at(-2) ?? bytes)
      expect(() => Y.applyUpdate(doc, bytes), Buffer.from(bytes).toString("hex")).not.toThrow()
    }
    expect(taken).toBeGreaterThan(200)
  })
})
