import type { AckLevel, ErrorCode, Position } from "@magpie/protocol"
import type { LogTruth, Place } from "./log-truth.ts"
import { Violation } from "./violation.ts"

/** A publish from its call to what its caller was told. `unknown` may be in the log once or not at all. */
export interface PublishRecord {
  readonly id: string
  readonly channel: string
  readonly publisher: string
  readonly user: string | undefined
  readonly calledAt: number
  /** When its caller was told; undefined where nobody was. */
  answeredAt?: number
  /** It was on a disk when its page went, so that a later one sends it. */
  isKept?: boolean
  outcome:
    | { readonly result: "pending" }
    | { readonly result: "stored"; readonly position: Position; readonly level: AckLevel }
    | { readonly result: "refused"; readonly code: ErrorCode; readonly epoch: string | undefined }
    | { readonly result: "unknown"; readonly code: ErrorCode }
}

export interface Publishes {
  readonly count: number
  readonly pending: number
  call(record: Omit<PublishRecord, "outcome">): PublishRecord
  stored(record: PublishRecord, position: Position, level: AckLevel): void
  failed(record: PublishRecord, code: ErrorCode): void
  /** Its caller is gone: nobody will be told, but of what is kept. */
  abandoned(publisher: string): void
  find(id: string): PublishRecord | undefined
  /** Somebody was given this message. Fails where it was never published there by that user, or was refused. */
  saw(channel: string, place: Place, id: string, from: string | undefined): void
  [Symbol.iterator](): Iterator<PublishRecord>
}

/** After these nothing was stored, however often it was tried. */
const DEFINITE: readonly ErrorCode[] = ["BAD_REQUEST", "FORBIDDEN", "TOO_LARGE", "UNKNOWN_CHANNEL", "LIMIT_EXCEEDED"]

export interface PublishesOptions {
  readonly truth: LogTruth
  readonly monotonic: () => number
  /** The epoch that all logs agree on now. A refusal says nothing of another one, which an old copy or a loss began. */
  readonly epochOf: (channel: string) => string | undefined
  /** Whether something of the log may have been lost. Until then a page that stays is told whether its message was stored. */
  readonly lost: () => boolean
  /** What the log here can promise, and no more. */
  readonly level: AckLevel
}

export function createPublishes({ truth, monotonic, epochOf, lost, level: promised }: PublishesOptions): Publishes {
  const records = new Map<string, PublishRecord>()
  let pending = 0

  function settle(record: PublishRecord, outcome: PublishRecord["outcome"]): void {
    if (record.outcome.result !== "pending") throw new Violation("I11", `${record.id} ended twice`)
    record.outcome = outcome
    pending--
  }

  return {
    get count() {
      return records.size
    },
    get pending() {
      return pending
    },
    call(called) {
      const record: PublishRecord = { ...called, outcome: { result: "pending" } }
      records.set(record.id, record)
      pending++
      return record
    },
    stored(record, position, level) {
      settle(record, { result: "stored", position, level })
      record.answeredAt = monotonic()
      if (level !== promised) throw new Violation("I8", `${record.id} was acknowledged as ${level}, and the log keeps it on ${promised}`)
      truth.saw(`the acknowledgement to ${record.publisher}`, record.channel, position, record.id)
    },
    failed(record, code) {
      const definite = DEFINITE.includes(code)
      const now = epochOf(record.channel)
      settle(record, definite ? { result: "refused", code, epoch: now } : { result: "unknown", code })
      record.answeredAt = monotonic()
      if (!definite && !lost()) throw new Violation("I11", `${record.id} ended with ${code}, and no log had lost anything`)
      if (!definite || now === undefined || truth.isBranched(record.channel, now)) return
      if (truth.offsetOf(record.channel, now, record.id) === undefined) return
      throw new Violation("I3", `${record.id} was refused with ${code} and is stored`)
    },
    abandoned(publisher) {
      for (const record of records.values()) {
        if (record.publisher === publisher && !record.isKept && record.outcome.result === "pending")
          settle(record, { result: "unknown", code: "CLOSED" })
      }
    },
    find: (id) => records.get(id),
    saw(channel, place, id, from) {
      const record = records.get(id)
      if (record === undefined) throw new Violation("I3", `${id} on ${channel} was never published`)
      if (record.channel !== channel) throw new Violation("I3", `${id} was published on ${record.channel} and seen on ${channel}`)
      if (record.user !== from) throw new Violation("I3", `${id} was published by ${record.user} and seen as from ${from}`)
      if (record.outcome.result === "refused" && record.outcome.epoch === place.epoch)
        throw new Violation("I3", `${id} was refused with ${record.outcome.code} and seen on ${channel}`)
    },
    [Symbol.iterator]: () => records.values(),
  }
}
