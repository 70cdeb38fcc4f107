import type { Entry } from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"
import { decodeRecord, encodeRecord, recordMark } from "../../../packages/journal/src/cluster/record.ts"
import { attempt } from "../refusals.ts"
import { insist, type Target } from "../target.ts"
import { endsEverywhere, holdsSafeNumbers, mendChecksum } from "./rows.ts"

const ENTRIES: readonly Entry[] = [
  { type: "publish", at: 5, channel: "c/鵲", pattern: "c/:x", name: "say", data: toJsonText({ text: "橋" }), from: "ada", ref: "r" },
  { type: "publish", at: 5, channel: "c", pattern: "c", name: "say", data: toJsonText(1), producer: "ada/1", sequence: 2 ** 40 },
  { type: "publish", at: 5, channel: "c", pattern: "c", name: "say", data: toJsonText("x".repeat(300)), key: "k" },
  {
    ...{ type: "row", at: 5, channel: "c", pattern: "c", key: "k" },
    write: { action: "set", key: "鵲", data: toJsonText({ bid: 1 }), maxBytes: 9, most: 7, expected: 3, ttlMs: 500 },
  },
  {
    ...{ type: "command", at: 5, channel: "device/7", pattern: "device/:id", from: "ada" },
    step: {
      action: "call",
      id: "鵲",
      name: "turn",
      data: toJsonText({ open: true }),
      deadlineMs: 9,
      deliverMs: 0,
      reportMs: 7,
      most: 3,
      keep: 4,
    },
  },
  {
    ...{ type: "command", at: 5, channel: "device/7", pattern: "device/:id" },
    step: { action: "report", id: "c", state: "failed", fence: 2 ** 40, data: toJsonText({ code: "stuck" }), most: 3 },
  },
  {
    type: "compact",
    at: 5,
    channel: "note/鵲",
    pattern: "note/:id",
    upTo: 2 ** 40,
    mark: 7,
    name: "$update",
    data: toJsonText({ update: "" }),
  },
  { type: "refused", at: 5, channel: "c", pattern: "c", producer: "ada", sequence: 3, code: "FORBIDDEN" },
  { type: "clock", at: 1_767_225_600_000 },
  { type: "epoch", at: 5, epoch: "e2", reason: "lost", after: "e1" },
  { type: "settings", at: 5, revision: 7, applyVersion: 1, deduplicationMs: 60_000, retention: { p: { maxCount: 5, maxAgeMs: 9 } } },
  { type: "node", at: 5, name: "a", supports: 2 },
  { type: "claim", at: 5, name: "race/1", owner: "a.1", leaseMs: 5_000 },
  { type: "release", at: 5, name: "race/1", owner: "a.1" },
  { type: "revoke", at: 5, subject: "mallory", issuedUntil: 5, until: 9 },
  { type: "spend", at: 5, name: "t1", until: 9 },
  { type: "checkpoint", at: 5 },
  { type: "hash", at: 5, partition: 3, position: 99, mark: 7, hash: "zz" },
]

/** In front of a record: whether its checksum is made to fit. */
const labelled = (record: Uint8Array): Uint8Array => Uint8Array.of(1, ...record)

/** A record as a broker gives it: refused where it is damaged, and harmless to the decoder where its checksum fits all the same. */
export const records: Target = {
  name: "record",
  share: 20,
  corpus: ENTRIES.map((entry) => labelled(encodeRecord({ origin: { node: "a.x1", counter: 300 }, entry }))),
  maxLength: 65_536,
  run(input) {
    const bytes = input as Uint8Array
    const record = bytes.slice(1)
    if ((bytes[0] ?? 0) % 2 === 1) mendChecksum(record)
    const decoded = attempt(["INVALID_OPTIONS"], () => decodeRecord(record))
    if ("refusal" in decoded) return decoded.refusal
    if (decoded.value === undefined) return "damaged"
    insist(Number.isInteger(recordMark(record)), "has a mark for every record")
    insist(decoded.value.entry.type === "settings" || endsEverywhere(decoded.value), "reads no number that has no end")
    if (!holdsSafeNumbers(decoded.value)) return `unsafe ${JSON.stringify(decoded.value)}`
    const written = encodeRecord(decoded.value)
    const again = decodeRecord(written)
    insist(
      again !== undefined && Buffer.compare(encodeRecord(again), written) === 0,
      "writes what it has read so that it reads the same again",
    )
    return `accepted ${JSON.stringify(decoded.value)}`
  },
}
