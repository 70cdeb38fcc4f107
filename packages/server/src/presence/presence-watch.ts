import type { Encoded, Watch, Watched, WatchMode } from "@magpie/protocol"
import type { Reader } from "../channel/catch-up.ts"
import { type Delivery, roomFor } from "../channel/delivery.ts"
import { give } from "../channel/give.ts"
import type { Connection } from "../session/connection.ts"
import type { RoomWaiter } from "../session/send-queue.ts"
import type { Feed, FeedWatcher, News } from "./feed.ts"
import { cursorOf } from "./page-request.ts"
import type { PresenceContext } from "./presence-context.ts"
import type { Room } from "./room.ts"

export interface PresenceWatchOptions {
  readonly mode: WatchMode
  /** Members in the first page of a snapshot. */
  readonly limit: number
  readonly context: PresenceContext
  /** In how many milliseconds everybody who comes back has come back; undefined where that is past. */
  readonly settlesInMs: () => number | undefined
}

/**
 * One connection's look at a room. What has no room is not held: a watcher that reads too slowly falls behind, and when it
 * reads again gets what it missed as far as that is still known, else a new snapshot [G6].
 */
export class PresenceWatch implements FeedWatcher, RoomWaiter, Reader {
  readonly room: Room
  readonly #connection: Connection
  readonly #options: PresenceWatchOptions
  readonly #feed: Feed
  #state: "level" | "behind" | "ended" = "behind"
  /** Where it stands in the feed; undefined where only a snapshot helps. */
  #version: number | undefined

  constructor(connection: Connection, room: Room, options: PresenceWatchOptions) {
    this.#connection = connection
    this.room = room
    this.#options = options
    this.#feed = room.feed(options.mode)
    this.#feed.join(this)
  }

  /**
   * Answers the request that this watch comes from: with what changed since, where it says since when, or a snapshot, whose
   * first page has so many bytes at most.
   */
  begin({ id, epoch, version }: Watch, pageBytes: number): void {
    const changes = epoch === this.#feed.epoch && version !== undefined ? this.#feed.changesSince(version) : undefined
    if (changes === undefined) return this.#sendSnapshot(id, pageBytes)
    this.#connection.sendEncoded(this.#encode("recovered", id, pageBytes))
    this.#version = version
    this.#bringLevel(changes)
  }

  deliver({ delivery, version, isReminder }: News, alone: boolean): void {
    if (this.#state !== "level") return
    const own = this.#version ?? 0
    if (version < own || (version === own && !isReminder)) return
    const { queue } = this.#connection
    if (!queue.isEmpty && !queue.takesAtOnce(roomFor(delivery, this.#connection))) return this.#fallBehind()
    give(this.#connection, delivery, alone)
    this.#version = version
  }

  startAnew(): void {
    if (this.#state === "ended") return
    this.#version = undefined
    if (this.#state === "behind") return
    this.#state = "behind"
    this.#options.context.catchUp.add(this)
  }

  #fallBehind(): void {
    this.#state = "behind"
    this.#options.context.counters.add("presence", "behind")
    this.#connection.queue.awaitRoom(this)
  }

  onRoom(): void {
    if (this.#state === "behind") this.#options.context.catchUp.add(this)
  }

  readPage(): boolean {
    this.#options.context.guard()
    if (this.#state !== "behind") return false
    const changes = this.#version === undefined ? undefined : this.#feed.changesSince(this.#version)
    if (changes !== undefined) this.#bringLevel(changes)
    else this.#renew()
    return false
  }

  #bringLevel(changes: readonly Delivery[]): void {
    const { queue } = this.#connection
    const bytes = changes.reduce((sum, delivery) => sum + roomFor(delivery, this.#connection), 1)
    const room = queue.roomForPage(bytes)
    if (room === 0) return queue.awaitRoom(this)
    // It holds nothing, and may not hold as much as that: a page is shorter.
    if (room < bytes) return this.#sendSnapshot(undefined, room)
    for (const delivery of changes) give(this.#connection, delivery, false)
    this.#version = this.#feed.version
    this.#state = "level"
  }

  #renew(): void {
    const { queue } = this.#connection
    const room = queue.roomForPage(this.#options.context.pageBytes)
    if (room > 0) this.#sendSnapshot(undefined, room)
    else queue.awaitRoom(this)
  }

  #sendSnapshot(id: number | undefined, pageBytes: number): void {
    this.#connection.sendEncoded(this.#encode("snapshot", id, pageBytes))
    this.#version = this.#feed.version
    this.#state = "level"
  }

  #encode(answer: Watched["answer"], id: number | undefined, pageBytes: number): Encoded {
    const { mode, limit, settlesInMs } = this.#options
    const { page, next } = (answer === "snapshot" ? this.#feed.page(limit, pageBytes) : undefined) ?? {}
    const { epoch, version, counts } = this.#feed
    const header = { id, channel: this.room.channel, mode, answer, epoch, version, counts }
    return this.#connection.codec.encodeWatched({ ...header, next: cursorOf(this.room, next), settlesInMs: settlesInMs() }, page)
  }

  /** Nothing of the room follows. */
  end(): void {
    this.#state = "ended"
    this.#feed.leave(this)
    this.#connection.queue.forgetRoom(this)
    this.#options.context.catchUp.remove(this)
  }
}
