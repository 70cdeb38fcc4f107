import type { ErrorCode, JsonText, Retention } from "@magpie/protocol"

/** Stores one message in a stream. `pattern` names the settings that apply. */
export interface PublishEntry {
  readonly type: "publish"
  readonly at: number
  readonly channel: string
  readonly pattern: string
  readonly name: string
  readonly data: JsonText
  readonly from?: string | undefined
  readonly ref?: string | undefined
  /** Who numbers: the publisher's counter, already bound to its user. Comes with `sequence`. */
  readonly producer?: string | undefined
  readonly sequence?: number | undefined
  /** An idempotency key, already bound to its user, for a publisher without sequences. */
  readonly key?: string | undefined
}

/** Uses up a sequence whose publish was finally refused, so that the next one is in order. */
export interface RefusedEntry {
  readonly type: "refused"
  readonly at: number
  readonly channel: string
  readonly pattern: string
  readonly producer: string
  readonly sequence: number
  readonly code: ErrorCode
}

/** The only way in which time reaches the state machine. */
export interface ClockEntry {
  readonly type: "clock"
  readonly at: number
}

/** Starts a new epoch: positions of earlier ones no longer mean anything. */
export interface EpochEntry {
  readonly type: "epoch"
  readonly at: number
  readonly epoch: string
  readonly reason: "created" | "restored"
}

/** Settings that change results travel in the log, so that every node applies the same. */
export interface SettingsEntry {
  readonly type: "settings"
  readonly at: number
  readonly applyVersion: number
  readonly deduplicationMs: number
  readonly retention: Readonly<Record<string, Required<Retention>>>
}

export type Entry = PublishEntry | RefusedEntry | ClockEntry | EpochEntry | SettingsEntry
