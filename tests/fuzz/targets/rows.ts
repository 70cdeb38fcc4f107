import { toJsonText } from "@magpie/protocol"
import { crc32 } from "../../../packages/journal/src/checksum.ts"
import { decodeChannelRow, encodeChannelRow } from "../../../packages/journal/src/rows/channel-row.ts"
import {
  decodeClaim,
  decodeNode,
  decodeRevocation,
  encodeClaim,
  encodeNode,
  encodeRevocation,
} from "../../../packages/journal/src/rows/control-rows.ts"
import { deadlineKey, keyOfRowDeadline, readDeadlineKey, readMemoryKey, rowDeadline } from "../../../packages/journal/src/rows/keys.ts"
import {
  decodeRow,
  encodeMessageRow,
  encodePointerRow,
  isPointer,
  markText,
  messageMark,
  messageTime,
} from "../../../packages/journal/src/rows/message-row.ts"
import {
  decodeProducerRow,
  decodeSequenceBlock,
  encodeProducerRow,
  encodeSequenceBlock,
} from "../../../packages/journal/src/rows/producer-row.ts"
import { isIntact } from "../../../packages/journal/src/rows/row-reader.ts"
import { RowWriter } from "../../../packages/journal/src/rows/row-writer.ts"
import {
  decodeNumber,
  decodeProgress,
  decodeSettings,
  decodeText,
  decodeTexts,
  encodeNumber,
  encodeProgress,
  encodeSettings,
  encodeText,
  encodeTexts,
} from "../../../packages/journal/src/rows/system-rows.ts"
import { decodeRowIndex, decodeTableRow, encodeRowIndex, encodeTableRow } from "../../../packages/journal/src/rows/table-row.ts"
import { decodeReceiptRow } from "../../../packages/journal/src/state-machine/receipts.ts"
import { insist, type Target } from "../target.ts"
import { ROWS } from "./stored-log.ts"

type Recode = (row: Uint8Array, writer: RowWriter) => { readonly read: unknown; readonly write: () => Uint8Array }

/** How each kind of row is read and written again; `read` is made of what was read, so that two readings can be compared. */
const KINDS: readonly Recode[] = [
  (row, writer) => {
    const read = decodeRow(row)
    const isSame = messageMark(row) === markText(read.mark) && Object.is(messageTime(row), read.at)
    insist(isSame, "reads the same of a message, in whole or in part")
    return recoded(read, (found) => (isPointer(found) ? encodePointerRow(writer, found) : encodeMessageRow(writer, found)))
  },
  (row, writer) => recoded(decodeProducerRow(row), (read) => encodeProducerRow(writer, read)),
  (row, writer) => recoded(decodeSequenceBlock(row), (read) => encodeSequenceBlock(writer, read)),
  (row, writer) => recoded(decodeChannelRow(row), (read) => encodeChannelRow(writer, read)),
  (row, writer) => recoded(decodeSettings(row), (read) => encodeSettings(writer, read)),
  (row, writer) => recoded(decodeProgress(row), (read) => encodeProgress(writer, read)),
  (row, writer) => recoded(decodeTexts(row), (read) => encodeTexts(writer, read)),
  (row, writer) => recoded(decodeClaim(row), (read) => encodeClaim(writer, read)),
  (row, writer) => recoded(decodeRevocation(row), (read) => encodeRevocation(writer, read)),
  (row, writer) => recoded(decodeNode(row), (read) => encodeNode(writer, read)),
  (row, writer) => recoded(decodeTableRow(row), (read) => encodeTableRow(writer, read)),
  (row, writer) => recoded({ at: messageTime(row), ...decodeRowIndex(row) }, ({ at, ...read }) => encodeRowIndex(writer, at, read)),
  (row, writer) => recoded(decodeReceiptRow(row), ({ upTo, offset }) => writer.begin().number(upTo).number(offset).end()),
  (row, writer) => recoded(decodeText(row), (read) => encodeText(writer, read)),
  (row, writer) => recoded(decodeNumber(row), (read) => encodeNumber(writer, read)),
]

function recoded<T>(read: T, encode: (read: T) => Uint8Array): ReturnType<Recode> {
  return { read, write: () => encode(read) }
}

const SETTINGS = 4
const PREFIXES = ["m/", "p/", "s/", "c/", "g/settings", "g/progress"]
const samples = new RowWriter()

function corpus(): Uint8Array[] {
  const stored = PREFIXES.flatMap((prefix, kind) =>
    ROWS.filter(({ key }) => key.startsWith(prefix))
      .slice(0, 6)
      .map(({ value }) => labelled(kind, value)),
  )
  const made = [
    encodeTexts(samples, ["e1", "鵲橋"]),
    encodeClaim(samples, { owner: "a.1", position: 7, until: 5_000 }),
    encodeRevocation(samples, { issuedUntil: 5, until: 9_000 }),
    encodeNode(samples, { name: "a", supports: 2 }),
  ]
  const table = { version: 9, count: 3, born: 7, at: 5, from: "ann", data: toJsonText({ bid: 1, ask: 2 }), base: 7, expiresAt: 99 }
  const others = [
    encodeTableRow(samples, {
      ...table,
      fields: [
        ["bid", 8],
        ["鵲", 9],
      ],
    }),
    encodeRowIndex(samples, 5, { mark: 7, key: "MGP" }),
    samples.begin().number(7).number(9).end(),
    encodeText(samples, "chat/鵲橋"),
    encodeNumber(samples, 2 ** 40),
    encodeTableRow(samples, { ...table, data: undefined, fields: [], ordinal: 2 }),
  ].map((row, index) => labelled(10 + (index % 5), row))
  const record = { at: 1, mark: 1, name: "n", from: undefined, ref: undefined, data: toJsonText("x".repeat(500)) }
  const stamp = { at: 5, by: "ann", count: 2 }
  const said = { version: 9, at: 5, by: "ann" }
  const reactions = JSON.stringify([{ name: "👍", count: 1, users: ["bob"] }])
  const messages = [
    encodeMessageRow(samples, record),
    encodeMessageRow(samples, { ...record, changes: { version: 12, edited: stamp, said, kept: [1, 7], reactions } }),
    encodePointerRow(samples, { at: 5, mark: 3, from: "ann", ref: "r", kind: "change", offset: 1 }),
    encodePointerRow(samples, { at: 5, mark: 3, from: "ann", ref: undefined, kind: "receipt", offset: 8 }),
  ]
  return [...stored, ...messages.map((row) => labelled(0, row)), ...made.map((row, index) => labelled(6 + index, row)), ...others]
}

/** In front of a row: which kind to read it as, and whether its checksum is made to fit. */
function labelled(kind: number, row: Uint8Array): Uint8Array {
  return Uint8Array.of(kind, 1, ...row)
}

/** A stored row with bits that are wrong: noticed by its checksum, and harmless to the decoder where the checksum fits all the same. */
export const rows: Target = {
  name: "row",
  share: 26,
  corpus: corpus(),
  maxLength: 65_536,
  run(input) {
    const bytes = input as Uint8Array
    const row = bytes.slice(2)
    if ((bytes[1] ?? 0) % 2 === 1) mendChecksum(row)
    if (!isIntact(row)) return "damaged"
    const { read, write } = reading(bytes[0] ?? 0, row)
    const text = JSON.stringify(read)
    insist((bytes[0] ?? 0) % KINDS.length === SETTINGS || endsEverywhere(read), "reads no number that has no end")
    if (!holdsSafeNumbers(read)) return `unsafe ${text}`
    const written = write().slice()
    const again = reading(bytes[0] ?? 0, written).write()
    insist(isIntact(written) && Buffer.compare(written, again) === 0, "writes what it has read so that it reads the same again")
    return `accepted ${text}`
  },
}

function reading(kind: number, row: Uint8Array): ReturnType<Recode> {
  const recode = KINDS[kind % KINDS.length]
  insist(recode !== undefined, "has a kind of row for every number")
  return recode(row, new RowWriter(256))
}

export function mendChecksum(row: Uint8Array): void {
  if (row.length < 4) return
  new DataView(row.buffer, row.byteOffset).setUint32(0, crc32(row, 4), true)
}

/** Whether all numbers are whole and below 2^53; Infinity stands for "no limit" in settings. */
export function holdsSafeNumbers(value: unknown): boolean {
  if (typeof value === "number") return (Number.isSafeInteger(value) && value >= 0) || value === Number.POSITIVE_INFINITY
  return typeof value !== "object" || value === null || Object.values(value).every(holdsSafeNumbers)
}

/** Whether no number is infinite or none at all: writing one would never end. Only settings have such, for "no limit". */
export function endsEverywhere(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value)
  return typeof value !== "object" || value === null || Object.values(value).every(endsEverywhere)
}

const utf8 = new TextDecoder()

/** A key of the indexes of what is remembered and of what is due, as it stands in the storage. */
export const memoryKeys: Target = {
  name: "memory-key",
  share: 5,
  corpus: [
    ...ROWS.flatMap(({ key }) => (key.startsWith("t/") ? [key] : [])),
    deadlineKey(99, "w", rowDeadline(3, "MGP")),
    deadlineKey(7, "c", "race/1"),
  ].map((key) => new TextEncoder().encode(key)),
  maxLength: 1_978,
  run(input) {
    const key = utf8.decode(input as Uint8Array)
    if (!key.startsWith("d/")) {
      const { since, kind, channelId, name } = readMemoryKey(key)
      return `accepted ${since} ${kind} ${channelId} ${name}`
    }
    const { at, kind, name } = readDeadlineKey(key)
    return `accepted ${at} ${kind} ${kind === "w" ? keyOfRowDeadline(name) : name}`
  },
}
