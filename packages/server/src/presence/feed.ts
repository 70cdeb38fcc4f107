import type { Counts } from "@magpie/protocol"
import type { Delivery } from "../channel/delivery.ts"
import type { RosterPage } from "./roster.ts"

/** What a feed tells all its watchers. */
export interface News {
  readonly delivery: Delivery
  /** Where it takes a watcher. */
  readonly version: number
  /** Nothing has changed: it only says once more where the feed stands. */
  readonly isReminder: boolean
}

/** Somebody who is told what becomes of a room. */
export interface FeedWatcher {
  /** The next message, unless he has it already. `alone`: nothing else goes out now. */
  deliver(news: News, alone: boolean): void
  /** What it has can no longer be brought up to date by changes. */
  startAnew(): void
}

/** One way of telling about a room: where it stands, and how others come to stand there. */
export interface Feed {
  /** Versions of another epoch mean nothing. */
  readonly epoch: string
  readonly version: number
  readonly counts: Counts
  /** What stands first in a snapshot; undefined where only counts are told. A sample is never shorter than it is. */
  page(limit: number, maxBytes: number): RosterPage | undefined
  /** What takes a watcher from there to the present version; undefined where only a snapshot does. */
  changesSince(version: number): readonly Delivery[] | undefined
  join(watcher: FeedWatcher): void
  leave(watcher: FeedWatcher): void
}
