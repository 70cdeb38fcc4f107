import { toJsonText } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { crc32 } from "../checksum.ts"
import type { Entry } from "../entry.ts"
import { decodeRecord, encodeRecord, recordMark } from "./record.ts"

const CHANGE = { type: "change", at: 5, channel: "c", pattern: "c", from: "ada", ref: "r" } as const
const ROW = { type: "row", at: 5, channel: "c", pattern: "c", from: "ada", ref: "r" } as const

const ENTRIES: readonly Entry[] = [
  { type: "publish", at: 5, channel: "c/鵲", pattern: "c/:x", name: "say", data: toJsonText({ text: "橋" }), from: "ada", ref: "r" },
  { type: "publish", at: 5, channel: "c", pattern: "c", name: "say", data: toJsonText(1), producer: "ada/1", sequence: 2 ** 40 },
  { type: "publish", at: 5, channel: "c", pattern: "c", name: "say", data: toJsonText(""), key: "k" },
  { ...CHANGE, change: { action: "edit", offset: 4, mark: 2 ** 32 - 1, data: toJsonText({ text: "橋" }), keep: 9 } },
  { ...CHANGE, change: { action: "append", offset: 4, mark: 7, field: "text", data: toJsonText(" 鵲"), maxBytes: 65_536 } },
  { ...CHANGE, change: { action: "delete", offset: 4, mark: 7, erase: true, keep: 9 }, producer: "ada", sequence: 3 },
  { ...CHANGE, change: { action: "react", offset: 4, mark: 7, reaction: "👍", most: 5 }, key: "k" },
  { ...CHANGE, change: { action: "unreact", offset: 4, mark: 7, reaction: "👍", most: 5 } },
  { ...CHANGE, change: { action: "read", offset: 2 ** 40, most: 5 } },
  { ...ROW, write: { action: "set", key: "鵲", data: toJsonText({ bid: 1 }), maxBytes: 9, most: 7, expected: 0, ttlMs: 500 } },
  { ...ROW, write: { action: "merge", key: "k", data: toJsonText({ bid: 1 }), maxBytes: 9, expected: 2 ** 40 }, key: "k" },
  { ...ROW, write: { action: "delete", key: "k" }, producer: "ada", sequence: 3 },
  { type: "refused", at: 5, channel: "c", pattern: "c", producer: "ada", sequence: 3, code: "FORBIDDEN" },
  { type: "clock", at: 1_767_225_600_000 },
  { type: "epoch", at: 5, epoch: "e2", reason: "lost", after: "e1" },
  { type: "epoch", at: 5, epoch: "e1", reason: "created", after: "" },
  {
    type: "settings",
    at: 5,
    revision: 7,
    applyVersion: 1,
    deduplicationMs: 60_000,
    retention: { "c/:x": { maxCount: 5, maxAgeMs: Number.POSITIVE_INFINITY } },
  },
  { type: "node", at: 5, name: "a", supports: 2 },
  { type: "claim", at: 5, name: "race/1", owner: "a.1", leaseMs: 5_000 },
  { type: "release", at: 5, name: "race/1", owner: "a.1" },
  { type: "revoke", at: 5, subject: "mallory", issuedUntil: 5, until: 9 },
  { type: "spend", at: 5, name: "t-1", until: 9 },
  { type: "checkpoint", at: 5 },
  { type: "hash", at: 5, partition: 3, position: 99, mark: 7, hash: "zz" },
]
const ORIGIN = { node: "a.x1", counter: 300 }

const defined = (entry: object): object => Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))

/** With a checksum that fits. */
function mended(bytes: Uint8Array): Uint8Array {
  const record = bytes.slice()
  new DataView(record.buffer).setUint32(0, crc32(record, 4), true)
  return record
}

describe("a record", () => {
  test("carries every kind of entry as it was", () => {
    for (const entry of ENTRIES) {
      const record = decodeRecord(encodeRecord({ origin: ORIGIN, entry }))
      expect(record?.origin).toEqual(ORIGIN)
      expect(defined(record?.entry ?? {})).toEqual(defined(entry))
    }
    expect(new Set(ENTRIES.map(({ type }) => type)).size).toBe(14)
  })

  test("[F75] that was damaged in any byte, cut or made up is none", () => {
    const bytes = encodeRecord({ origin: ORIGIN, entry: ENTRIES[0] as Entry })
    for (let index = 0; index < bytes.length; index++) {
      const damaged = bytes.slice()
      damaged[index] = (damaged[index] ?? 0) ^ 0x10
      expect(decodeRecord(damaged)).toBeUndefined()
      expect(decodeRecord(bytes.subarray(0, index))).toBeUndefined()
    }
    expect(decodeRecord(new TextEncoder().encode("not a record at all"))).toBeUndefined()
  })

  test("[F75] that no node could store is none: because of a name, a number or a time", () => {
    const clock = { type: "clock", at: 5 } as const
    const publish = { type: "publish", at: 5, channel: "c", pattern: "c", name: "say", data: toJsonText(1) } as const
    const refused = { type: "refused", at: 5, channel: "c", pattern: "c", producer: "p", sequence: 1, code: "FORBIDDEN" } as const
    const claim = { type: "claim", at: 5, name: "race/1", owner: "a.1", leaseMs: 5_000 } as const
    const settings = { type: "settings", at: 5, applyVersion: 1, deduplicationMs: 60_000, retention: {} } as const
    const long = "x".repeat(1_025)
    const unfit: readonly Entry[] = [
      { ...publish, channel: long },
      { ...publish, pattern: long },
      { ...publish, producer: long, sequence: 1 },
      { ...publish, key: "a\u0000b" },
      { ...CHANGE, from: "a\u0000b", change: { action: "read", offset: 1, most: 1 } },
      { ...CHANGE, key: long, change: { action: "read", offset: 1, most: 1 } },
      { ...refused, producer: long },
      { ...claim, name: long },
      { ...claim, leaseMs: 2 ** 52 },
      { type: "release", at: 5, name: long, owner: "a.1" },
      { type: "spend", at: 5, name: long, until: 9 },
      { type: "spend", at: 5, name: "t-1", until: 2 ** 52 },
      { type: "revoke", at: 5, subject: long, issuedUntil: 5, until: 9 },
      { type: "revoke", at: 5, subject: "mallory", issuedUntil: 5, until: 2 ** 52 },
      { ...settings, deduplicationMs: Number.POSITIVE_INFINITY },
      { ...clock, at: 2 ** 52 },
    ]
    for (const entry of unfit) expect(decodeRecord(encodeRecord({ origin: ORIGIN, entry }))).toBeUndefined()
    for (const node of [long, "a\u0001b"])
      expect(decodeRecord(encodeRecord({ origin: { node, counter: 1 }, entry: clock }))).toBeUndefined()
    for (const entry of [publish, refused, claim, settings, clock])
      expect(decodeRecord(encodeRecord({ origin: ORIGIN, entry }))).toBeDefined()
  })

  test("[F75] that ends too early, though its checksum fits, or holds a number beyond 2^53 is none", () => {
    const clock = encodeRecord({ origin: ORIGIN, entry: { type: "clock", at: 5 } })
    expect(decodeRecord(mended(clock))).toBeDefined()
    expect(decodeRecord(mended(clock.subarray(0, -1)))).toBeUndefined()
    const beyond = Uint8Array.of(...clock.subarray(0, -1), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)
    expect(decodeRecord(mended(beyond))).toBeUndefined()
  })

  test("has another mark where its content or its origin is another", () => {
    const marks = ENTRIES.flatMap((entry) => [1, 2].map((counter) => recordMark(encodeRecord({ origin: { node: "a", counter }, entry }))))
    expect(new Set(marks).size).toBe(marks.length)
    expect(recordMark(new Uint8Array([1]))).toBe(0)
  })
})
