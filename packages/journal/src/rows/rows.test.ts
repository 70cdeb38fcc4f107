import fc from "fast-check"
import { expect, test } from "vitest"
import { compareUtf8 } from "../storage/sorted-keys.ts"
import { memoryKey, readMemoryKey, readSortable, sortable } from "./keys.ts"
import { isIntact, RowReader } from "./row-reader.ts"
import { RowWriter } from "./row-writer.ts"
import { decodeSettings, encodeSettings } from "./system-rows.ts"

const wholeNumber = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const wellFormed = fc.string({ unit: "grapheme", maxLength: 40 })

test("writes numbers into keys so that text order is number order", () => {
  fc.assert(
    fc.property(wholeNumber, wholeNumber, (a, b) => {
      expect(Math.sign(compareUtf8(sortable(a), sortable(b)))).toBe(Math.sign(a - b))
      expect(readSortable(`x${sortable(a)}rest`, 1)).toEqual({ value: a, next: 1 + sortable(a).length })
    }),
  )
})

test("orders text as its UTF-8 bytes", () => {
  const units = fc.constantFrom("a", "é", "鵲", "\ue000", "\uffee", "😀", "")
  fc.assert(
    fc.property(fc.array(units), fc.array(units), (a, b) => {
      const [x, y] = [a.join(""), b.join("")]
      expect(Math.sign(compareUtf8(x, y))).toBe(Buffer.compare(Buffer.from(x), Buffer.from(y)))
    }),
  )
})

test("reads an index key back into what it was made of", () => {
  fc.assert(
    fc.property(wholeNumber, fc.constantFrom("p" as const, "k" as const), wholeNumber, wellFormed, (since, kind, channelId, name) => {
      expect(readMemoryKey(memoryKey(since, kind, channelId, name))).toEqual({ since, kind, channelId, name })
    }),
  )
})

test("reads fields back as they were written, across chunks, while earlier rows stay whole", () => {
  const writer = new RowWriter()
  const rows: { row: Uint8Array; fields: [number, string, number] }[] = []
  fc.assert(
    fc.property(
      wholeNumber,
      fc.string({ unit: "grapheme", maxLength: 3_000 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (number, text, u32) => {
        rows.push({ row: writer.begin().number(number).text(text).u32(u32).end(), fields: [number, text, u32] })
      },
    ),
  )
  for (const { row, fields } of rows) {
    expect(isIntact(row)).toBe(true)
    const reader = new RowReader(row)
    expect([reader.number(), reader.text(), reader.u32()]).toEqual(fields)
    expect(reader.done).toBe(true)
  }
})

test("holds a text longer than a chunk", () => {
  const text = "鵲".repeat(100_000)
  expect(new RowReader(new RowWriter().begin().text(text).end()).text()).toBe(text)
})

test("[F75] reads a number that ends, however many groups of bits a record claims that it has", () => {
  for (const groups of [7, 8, 9, 200]) {
    const reader = new RowReader(Uint8Array.from({ length: 4 + groups }, () => 0xff))
    expect(reader.number()).toBeLessThanOrEqual(2 ** 57)
  }
  const largest = new RowWriter().begin().number(Number.MAX_SAFE_INTEGER).number(7).end()
  const reader = new RowReader(largest)
  expect([reader.number(), reader.number()]).toEqual([Number.MAX_SAFE_INTEGER, 7])
})

test("writes no number that it could not read again", () => {
  for (const number of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    expect(() => new RowWriter().begin().number(number)).toThrow(/INTERNAL/)
  }
})

test("[F75] knows whether what it has read was there and could be a number", () => {
  const row = new RowWriter().begin().number(7).text("hello").end()
  const sound = new RowReader(row)
  expect([sound.number(), sound.text(), sound.isSound]).toEqual([7, "hello", true])
  for (let length = 4; length < row.length; length++) {
    const cut = new RowReader(row.subarray(0, length))
    cut.number()
    cut.text()
    expect(cut.isSound).toBe(false)
  }
  const beyond = new RowReader(Uint8Array.of(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))
  beyond.number()
  expect(beyond.isSound).toBe(false)
})

test("[F107] notices every flipped bit", () => {
  const row = new RowWriter().begin().number(300).text("hello").end().slice()
  for (let bit = 0; bit < row.length * 8; bit++) {
    const damaged = row.slice()
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(isIntact(damaged)).toBe(false)
  }
})

test("keeps settings, also those without a limit, in one form for all orders of patterns", () => {
  const a = { maxCount: Number.POSITIVE_INFINITY, maxAgeMs: 1 }
  const b = { maxCount: 5, maxAgeMs: Number.POSITIVE_INFINITY }
  const settings = { applyVersion: 1, deduplicationMs: 1_000, retention: { a, b } }
  expect(decodeSettings(encodeSettings(new RowWriter(), settings))).toEqual(settings)
  expect(encodeSettings(new RowWriter(), { ...settings, retention: { b, a } })).toEqual(encodeSettings(new RowWriter(), settings))
  const most = { a: { maxCount: Number.MAX_SAFE_INTEGER, maxAgeMs: Number.MAX_SAFE_INTEGER } }
  expect(decodeSettings(encodeSettings(new RowWriter(), { ...settings, retention: most })).retention.a?.maxCount).toBe(
    Number.POSITIVE_INFINITY,
  )
})
