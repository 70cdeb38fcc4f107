import {
  CHANGE,
  type Changed,
  DELETED,
  isMagpieError,
  MagpieError,
  type MessageName,
  type MessageOutput,
  type Position,
  type Publication,
  READ,
  type UnrecoverableReason,
} from "@magpie/protocol"
import type { FeedEntry, StreamFeed, StreamFeeds } from "./stream-feed.ts"

/** A message as server code reads it back. */
export interface ServerMessage<K> {
  readonly name: MessageName<K>
  readonly data: MessageOutput<K, MessageName<K>>
  readonly offset: number
  readonly mark: string | undefined
  readonly at: number
  readonly from: string | undefined
  readonly ref: string | undefined
  /** What became of it since it was published; undefined where nothing did. */
  readonly changed: Changed | undefined
}

/** What stands in a stream, in its order. The next one follows its position. */
export type ServerStreamEvent<K> =
  /** A message as it is now; undefined where it was deleted since. */
  | { readonly type: "message"; readonly position: Position; readonly at: number; readonly message: ServerMessage<K> | undefined }
  /** The message at an earlier offset was changed: as it is now, or undefined where it was deleted or has left history. */
  | {
      readonly type: "change"
      readonly position: Position
      readonly at: number
      readonly from: string | undefined
      readonly offset: number
      readonly message: ServerMessage<K> | undefined
    }
  /** Somebody has read up to an offset. */
  | { readonly type: "read"; readonly position: Position; readonly at: number; readonly from: string | undefined; readonly upTo: number }
  /**
   * What stood from an offset on is missing, up to `to`, and the stream goes on behind the position. After the reason `epoch`
   * nobody knows how much is missing, and everything that is there follows, also what was given before [G4].
   */
  | {
      readonly type: "gap"
      readonly reason: UnrecoverableReason
      readonly from: number
      readonly to: number | undefined
      readonly position: Position
    }

export interface StreamReadOptions {
  /** Default "start": from the first message that is still there. */
  readonly after?: Position | "start"
  /** At most 1,000. Default 100. */
  readonly limit?: number
}

export interface StreamFollowOptions {
  /** Default "now": what is published from this call on. */
  readonly after?: Position | "now" | "start"
  /** Ends the following without a failure. */
  readonly signal?: AbortSignal
}

export interface ServerStreamPage<K> {
  readonly events: readonly ServerStreamEvent<K>[]
  /** Where to read on from. */
  readonly position: Position
  /** Whether there is more now. */
  readonly more: boolean
}

/** What stands in a stream, from a place on, for code on the server. */
export interface ServerStreamReading<K> {
  /** A page of it. Fails with BAD_REQUEST on a limit that is none, and with UNAVAILABLE while the log cannot tell. */
  read(options?: StreamReadOptions): Promise<ServerStreamPage<K>>
  /**
   * All of it, for ever: each event in order, read from the log when it is asked for, so that nothing waits in memory for a slow
   * reader. Whoever keeps the position of the last event goes on from there, also in another process. Ends when the server
   * closes. Fails with UNAVAILABLE where it starts now and the log is not open yet.
   */
  follow(options?: StreamFollowOptions): AsyncIterable<ServerStreamEvent<K>>
}

/** The same without types. */
export type AnyStreamEvent = ServerStreamEvent<AnyKind>
type AnyKind = { readonly messages: Readonly<Record<string, never>> }

const MOST_EVENTS = 1_000
const EVENTS = 100

export function serverStreamReading(channel: string, feeds: StreamFeeds): ServerStreamReading<AnyKind> {
  return {
    async read({ after = "start", limit = EVENTS } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > MOST_EVENTS) {
        throw new MagpieError("BAD_REQUEST", `limit must be a whole number from 1 to ${MOST_EVENTS}`, { details: { field: "limit" } })
      }
      const feed = feeds.open(channel, after)
      const events = (await feed.read(limit)).map(eventOf)
      return { events, position: feed.position as Position, more: !feed.isLevel }
    },
    follow({ after = "now", signal } = {}) {
      return eventsOf(feeds.open(channel, after), signal)
    },
  }
}

async function* eventsOf(feed: StreamFeed, signal: AbortSignal | undefined): AsyncGenerator<ServerStreamEvent<AnyKind>, void> {
  const stop = (): void => feed.stop()
  signal?.addEventListener("abort", stop)
  if (signal?.aborted) stop()
  try {
    for (let entries = await feed.next(); entries.length > 0; entries = await feed.next()) {
      for (const entry of entries) yield eventOf(entry)
    }
  } catch (failure) {
    if (!isMagpieError(failure) || failure.code !== "CLOSED") throw failure
  } finally {
    signal?.removeEventListener("abort", stop)
    stop()
  }
}

/** What an entry says to code on the server. */
export function eventOf(entry: FeedEntry): ServerStreamEvent<AnyKind> {
  if (entry.type === "gap") return entry
  const { publication, position } = entry
  const { name, data, at, from } = publication
  if (name === READ) {
    const { upTo } = JSON.parse(data) as { readonly upTo: number }
    return { type: "read", position, at, from, upTo }
  }
  if (name !== CHANGE) return { type: "message", position, at, message: name === DELETED ? undefined : messageOf(publication) }
  const { offset, record } = JSON.parse(data) as { readonly offset: number; readonly record?: Omit<ServerMessage<AnyKind>, "name"> & Named }
  const message = record === undefined || record.name === DELETED ? undefined : withAllFields(record)
  return { type: "change", position, at, from, offset, message }
}

interface Named {
  readonly name: string
}

/** Not of one that was deleted. */
export function messageOf({ name, data, offset, mark, at, from, ref, changed }: Publication): ServerMessage<AnyKind> {
  const its = changed === undefined ? undefined : (JSON.parse(changed) as Changed)
  return { name: name as never, data: JSON.parse(data) as never, offset: offset ?? 0, mark, at, from, ref, changed: its }
}

function withAllFields({ name, data, offset, mark, at, from, ref, changed }: Omit<ServerMessage<AnyKind>, "name"> & Named) {
  return { name: name as never, data, offset, mark, at, from, ref, changed }
}
