import { DEFAULT_RETENTION, type Retention } from "@magpie/protocol"
import { RowReader } from "./row-reader.ts"
import { RowWriter } from "./row-writer.ts"

/** How far the log was applied, and what only the log's order decides. */
export interface Progress {
  /** Position in the journal of the last entry applied. */
  readonly position: number
  /** The highest time seen; the machine's time never goes below it. */
  readonly floor: number
  readonly nextChannelId: number
  /** Checksum of everything applied so far. */
  readonly hash: number
}

export const NO_PROGRESS: Progress = { position: 0, floor: 0, nextChannelId: 1, hash: 0 }

export function encodeProgress(writer: RowWriter, row: Progress): Uint8Array {
  return writer.begin().number(row.position).number(row.floor).number(row.nextChannelId).u32(row.hash).end()
}

export function decodeProgress(bytes: Uint8Array): Progress {
  const reader = new RowReader(bytes)
  return { position: reader.number(), floor: reader.number(), nextChannelId: reader.number(), hash: reader.u32() }
}

/** The settings that the log last carried. */
export interface AppliedSettings {
  readonly applyVersion: number
  readonly deduplicationMs: number
  readonly retention: Readonly<Record<string, Required<Retention>>>
}

export const DEFAULT_SETTINGS: AppliedSettings = { applyVersion: 0, deduplicationMs: 24 * 3_600_000, retention: {} }

export function retentionOf(settings: AppliedSettings, pattern: string): Required<Retention> {
  return Object.hasOwn(settings.retention, pattern) ? (settings.retention[pattern] ?? DEFAULT_RETENTION) : DEFAULT_RETENTION
}

/** "No limit" is Infinity, which has no varint; 0 stands for it, as a limit of 0 is written 1 higher. The highest number is none either. */
const limited = (value: number): number => (value < Number.MAX_SAFE_INTEGER ? value + 1 : 0)
const unlimited = (value: number): number => (value === 0 ? Number.POSITIVE_INFINITY : value - 1)

/** Equal settings give equal bytes, whatever the order of the patterns. */
export function encodeSettings(writer: RowWriter, row: AppliedSettings): Uint8Array {
  writer.begin()
  encodeSettingsFields(writer, row)
  return writer.end()
}

export function decodeSettings(bytes: Uint8Array): AppliedSettings {
  return decodeSettingsFields(new RowReader(bytes))
}

/** The last fields of a row or record: they go on to its end. */
export function encodeSettingsFields(writer: RowWriter, { applyVersion, deduplicationMs, retention }: AppliedSettings): void {
  writer.number(applyVersion).number(limited(deduplicationMs))
  for (const [pattern, { maxCount, maxAgeMs }] of Object.entries(retention).sort(([a], [b]) => (a < b ? -1 : 1))) {
    writer.text(pattern).number(limited(maxCount)).number(limited(maxAgeMs))
  }
}

export function decodeSettingsFields(reader: RowReader): AppliedSettings {
  const [applyVersion, deduplicationMs] = [reader.number(), unlimited(reader.number())]
  const retention: [string, Required<Retention>][] = []
  while (!reader.done) retention.push([reader.text(), { maxCount: unlimited(reader.number()), maxAgeMs: unlimited(reader.number()) }])
  return { applyVersion, deduplicationMs, retention: Object.fromEntries(retention) }
}

export function sameSettings(a: AppliedSettings, b: AppliedSettings): boolean {
  const [x, y] = [encodeSettings(new RowWriter(), a), encodeSettings(new RowWriter(), b)]
  return x.length === y.length && x.every((byte, index) => byte === y[index])
}

export function encodeText(writer: RowWriter, text: string): Uint8Array {
  return writer.begin().text(text).end()
}

export function decodeText(bytes: Uint8Array): string {
  return new RowReader(bytes).text()
}

export function encodeTexts(writer: RowWriter, texts: readonly string[]): Uint8Array {
  writer.begin()
  for (const text of texts) writer.text(text)
  return writer.end()
}

export function decodeTexts(bytes: Uint8Array): readonly string[] {
  const reader = new RowReader(bytes)
  const texts: string[] = []
  while (!reader.done) texts.push(reader.text())
  return texts
}

export function encodeNumber(writer: RowWriter, value: number): Uint8Array {
  return writer.begin().number(value).end()
}

export function decodeNumber(bytes: Uint8Array): number {
  return new RowReader(bytes).number()
}
