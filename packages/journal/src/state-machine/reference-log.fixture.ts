import type { Position, UnrecoverableReason } from "@magpie/protocol"
import { expect } from "vitest"
import type { Outcome } from "../durable-log.ts"
import type { ChangeEntry, Entry, PublishEntry, RefusedEntry, SettingsEntry } from "../entry.ts"
import type { Applied } from "./applied.ts"
import { type ChangeableChannel, firstOffset, judged, leaveFirst, standing } from "./reference-changes.fixture.ts"

/** What a number or a key stands for. */
interface Sent {
  /** Undefined for a refusal. */
  readonly stored: { readonly content: string; readonly position: Position } | undefined
  /** Of a refused change; a publish is refused with FORBIDDEN here. */
  readonly code?: string
  readonly at: number
  /** `yes` once the machine has said so; `maybe` when a clock entry has come after its window. */
  forgotten: "no" | "maybe" | "yes"
}

interface Producer {
  last: number
  at: number
  readonly sent: Map<number, Sent>
  /** Silent for so long that the machine may no longer know it at all. */
  mayBeUnknown: boolean
}

interface Channel extends ChangeableChannel {
  pattern: string
  leftBy: UnrecoverableReason
  readonly producers: Map<string, Producer>
  readonly keys: Map<string, Sent>
}

/** A producer is remembered for so many windows after its last message. */
const REMEMBERED_WINDOWS = 8

/**
 * What the state machine promises, in the simplest form: whole histories, no rows, no indexes, no blocks. It follows the
 * machine, entry by entry, and where a promise leaves the machine a choice (when exactly it forgets) it takes over what the
 * machine chose. Plain data, so that a copy is a snapshot.
 */
export interface ReferenceLog {
  now: number
  epoch: string
  settings: Pick<SettingsEntry, "deduplicationMs" | "retention">
  readonly channels: Map<string, Channel>
  /** How often those were refused of whom nothing else is known, by channel and producer. */
  readonly newcomers: Map<string, readonly string[]>
}

export function emptyLog(): ReferenceLog {
  return { now: 0, epoch: "", settings: { deduplicationMs: 0, retention: {} }, channels: new Map(), newcomers: new Map() }
}

/** Takes an entry, and insists that what the machine made of it is allowed. */
export function follow(log: ReferenceLog, entry: Entry, applied: Applied): void {
  log.now = Math.max(log.now, entry.at)
  if (entry.type === "epoch") log.epoch = entry.epoch
  else if (entry.type === "settings") log.settings = { deduplicationMs: entry.deduplicationMs, retention: entry.retention }
  else if (entry.type === "clock") passTime(log)
  else if (entry.type === "refused") followRefusal(log, entry, applied.outcome)
  else if (entry.type === "publish" || entry.type === "change") followPublish(log, entry, applied)
}

function contentOf(entry: PublishEntry | ChangeEntry): string {
  if (entry.type === "publish") return `${entry.name}\n${entry.data}`
  return JSON.stringify({ ...entry.change, keep: 0, most: 0, maxBytes: 0 })
}

function followPublish(log: ReferenceLog, entry: PublishEntry | ChangeEntry, applied: Applied): void {
  const { outcome } = applied
  const content = contentOf(entry)
  const known = log.channels.get(entry.channel)
  const isUnused = entry.type === "change" && known === undefined
  if (isUnused && entry.sequence === undefined) return same(outcome, { result: "refused", code: "UNRECOVERABLE" })
  if (entry.producer !== undefined && entry.sequence !== undefined) {
    const producer = producerOf(known, entry.producer, entry.sequence, outcome)
    if (producer === undefined && !isNextOfNewcomer(log, entry, entry.producer, entry.sequence, outcome)) return
    if (producer !== undefined && !isNext(log, producer, entry.sequence, content, outcome)) return
    const newcomer = `${entry.channel} ${entry.producer}`
    const refusals = producer === undefined ? (log.newcomers.get(newcomer) ?? []) : []
    if (isUnused) {
      log.newcomers.set(newcomer, [...refusals, "UNRECOVERABLE"])
      return same(outcome, { result: "refused", code: "UNRECOVERABLE" })
    }
    const sent = stored(log, entry, content, applied)
    const channel = log.channels.get(entry.channel) as Channel
    log.newcomers.delete(newcomer)
    for (const code of refusals) use(log, channel, entry.producer, refusedNow(log, code))
    use(log, channel, entry.producer, sent)
  } else if (entry.key !== undefined) {
    const sent = known?.keys.get(entry.key)
    const isForgotten = sent === undefined || (sent.forgotten !== "no" && !isSame(outcome, repeated(sent, content, log.epoch)))
    if (sent !== undefined && !isForgotten) return same(outcome, repeated(sent, content, log.epoch))
    known?.keys.delete(entry.key)
    const again = stored(log, entry, content, applied)
    if (again.stored !== undefined) log.channels.get(entry.channel)?.keys.set(entry.key, again)
  } else stored(log, entry, content, applied)
}

function followRefusal(log: ReferenceLog, entry: RefusedEntry, outcome: Outcome | undefined): void {
  const known = log.channels.get(entry.channel)
  const producer = producerOf(known, entry.producer, entry.sequence, outcome)
  if (known === undefined || producer === undefined) {
    if (!isNextOfNewcomer(log, entry, entry.producer, entry.sequence, outcome)) return
    const newcomer = `${entry.channel} ${entry.producer}`
    log.newcomers.set(newcomer, [...(log.newcomers.get(newcomer) ?? []), entry.code])
    return same(outcome, { result: "refused", code: entry.code })
  }
  if (!isNext(log, producer, entry.sequence, undefined, outcome)) return
  same(outcome, { result: "refused", code: entry.code })
  use(log, known, entry.producer, refusedNow(log, entry.code))
}

const refusedNow = ({ now }: ReferenceLog, code: string): Sent => ({ stored: undefined, code, at: now, forgotten: "no" })

function isNextOfNewcomer(
  log: ReferenceLog,
  { channel }: Entry & { channel: string },
  producer: string,
  sequence: number,
  outcome: Outcome | undefined,
): boolean {
  const refusals = log.newcomers.get(`${channel} ${producer}`) ?? []
  const next = refusals.length + 1
  if (sequence === next) return true
  same(outcome, sequence < next ? { result: "refused", code: refusals[sequence - 1] } : { result: "out-of-order", expected: next })
  return false
}

/** The producer as the machine still knows it. */
function producerOf(channel: Channel | undefined, name: string, sequence: number, outcome: Outcome | undefined): Producer | undefined {
  const producer = channel?.producers.get(name)
  if (channel === undefined || producer === undefined) return undefined
  const startsAnew =
    outcome?.result === "unused" ||
    (outcome?.result === "out-of-order" && outcome.expected === 1) ||
    (outcome?.result === "stored" && sequence === 1) ||
    // A change can be refused, or be so already, also as the first of its producer.
    (producer.mayBeUnknown && sequence === 1 && (outcome?.result === "refused" || outcome?.result === "duplicate"))
  if (!startsAnew) return producer
  expect(producer.mayBeUnknown, `forgets ${name} too early`).toBe(true)
  channel.producers.delete(name)
  return undefined
}

/** Whether the number is the next one; where it is not, insists on the outcome that it has. */
function isNext(
  log: ReferenceLog,
  producer: Producer,
  sequence: number,
  content: string | undefined,
  outcome: Outcome | undefined,
): boolean {
  const { last } = producer
  if (sequence === last + 1) return true
  if (sequence > last) same(outcome, { result: "out-of-order", expected: last + 1 })
  else {
    const sent = producer.sent.get(sequence) as Sent
    if (outcome?.result === "expired") {
      expect(sent.forgotten, `forgets ${sequence} too early`).not.toBe("no")
      // What is older is forgotten as well.
      for (let older = sequence; older >= 1; older--) (producer.sent.get(older) as Sent).forgotten = "yes"
    } else {
      expect(sent.forgotten, `remembers ${sequence} again`).not.toBe("yes")
      same(outcome, repeated(sent, content, log.epoch))
    }
  }
  return false
}

function use(log: ReferenceLog, channel: Channel, name: string, sent: Sent): void {
  const producer: Producer = channel.producers.get(name) ?? { last: 0, at: 0, sent: new Map(), mayBeUnknown: false }
  channel.producers.set(name, producer)
  producer.last++
  producer.at = log.now
  producer.mayBeUnknown = false
  producer.sent.set(producer.last, sent)
}

function repeated({ stored, code = "FORBIDDEN" }: Sent, content: string | undefined, epoch: string): unknown {
  if (stored === undefined) return { result: "refused", code }
  if (content !== undefined && content !== stored.content) return { result: "conflict" }
  return { result: "duplicate", position: { ...stored.position, epoch } }
}

function stored(log: ReferenceLog, entry: PublishEntry | ChangeEntry, content: string, applied: Applied): Sent {
  const channel: Channel = log.channels.get(entry.channel) ?? {
    pattern: entry.pattern,
    messages: [],
    pointers: [],
    receipts: new Map(),
    newest: 0,
    leftBy: "trimmed",
    marks: new Map(),
    producers: new Map(),
    keys: new Map(),
  }
  log.channels.set(entry.channel, channel)
  const { outcome, publication } = applied
  const sent = (position: Position): Sent => ({ stored: { content, position }, at: log.now, forgotten: "no" })
  const verdict = entry.type === "change" ? judged(channel, entry.change, entry.from ?? "") : undefined
  if (verdict !== undefined && "refused" in verdict) {
    same(outcome, { result: "refused", code: verdict.refused })
    return { stored: undefined, code: verdict.refused, at: log.now, forgotten: "no" }
  }
  if (verdict !== undefined && "standing" in verdict) {
    const position = { epoch: log.epoch, offset: verdict.standing, mark: channel.marks.get(verdict.standing) }
    same(outcome, { result: "duplicate", position })
    return sent(position as Position)
  }
  channel.pattern = entry.pattern
  const offset = ++channel.newest
  const mark = publication?.mark
  const position = { epoch: log.epoch, offset, mark }
  same(outcome, { result: "stored", position })
  const { from, ref } = entry
  channel.marks.set(offset, mark)
  if (entry.type === "publish") {
    const { name, data } = entry
    same(publication, { channel: entry.channel, offset, mark, at: log.now, from, ref, name, data })
    channel.messages.push({ offset, at: log.now, name, from, data, version: offset, saidSince: offset, ...AS_PUBLISHED() })
  } else {
    same({ at: publication?.at, from: publication?.from, ref: publication?.ref }, { at: log.now, from, ref })
    verdict?.apply(offset, log.now)
  }
  const { maxCount } = retentionOf(log, channel)
  while (channel.messages.length > maxCount) leave(channel, "trimmed")
  return sent(position)
}

const AS_PUBLISHED = () => ({ edits: 0, appends: 0, isDeleted: false, earlier: [], reactions: new Map<string, string[]>() })

function leave(channel: Channel, reason: UnrecoverableReason): void {
  leaveFirst(channel)
  channel.leftBy = reason
}

function retentionOf({ settings }: ReferenceLog, { pattern }: Channel): { readonly maxCount: number; readonly maxAgeMs: number } {
  return settings.retention[pattern] as { readonly maxCount: number; readonly maxAgeMs: number }
}

function passTime(log: ReferenceLog): void {
  const { now, settings } = log
  const cutoff = now - settings.deduplicationMs
  for (const channel of log.channels.values()) {
    const { maxAgeMs } = retentionOf(log, channel)
    while ((standing(channel)[0]?.at ?? now) <= now - maxAgeMs) leave(channel, "expired")
    const sent = [...channel.keys.values(), ...[...channel.producers.values()].flatMap((producer) => [...producer.sent.values()])]
    for (const each of sent) if (each.forgotten === "no" && each.at <= cutoff) each.forgotten = "maybe"
    for (const producer of channel.producers.values()) {
      if (producer.at + REMEMBERED_WINDOWS * settings.deduplicationMs <= now) producer.mayBeUnknown = true
    }
  }
}

function isSame(actual: unknown, expected: unknown): boolean {
  return JSON.stringify(actual) === JSON.stringify(expected)
}

/** As `toEqual`, which takes long, only where a quick look says that they differ. */
export function same(actual: unknown, expected: unknown): void {
  if (!isSame(actual, expected)) expect(actual).toEqual(expected)
}

/** What a client at a position is told. */
export function resumeAnswer(log: ReferenceLog, name: string, { epoch, offset, mark }: Position): "recovered" | UnrecoverableReason {
  const channel = log.channels.get(name)
  const newest = channel?.newest ?? 0
  if (epoch !== log.epoch || offset > newest) return "epoch"
  if (channel === undefined) return "recovered"
  const first = firstOffset(channel)
  // Where a change stood that a later one took over, there is nothing to compare with.
  const stands = standing(channel).some((each) => each.offset === offset)
  const isChecked = offset === newest ? offset > 0 : stands
  if (mark !== undefined && isChecked && mark !== channel.marks.get(offset)) return "epoch"
  return offset < newest && offset + 1 < first ? channel.leftBy : "recovered"
}
