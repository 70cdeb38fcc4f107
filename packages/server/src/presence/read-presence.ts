import { type Clock, type Contract, type Counts, type Limits, MagpieError, type Timer } from "@magpie/protocol"
import { cursorOf, pageLength, readCursor } from "./page-request.ts"
import type { Room } from "./room.ts"
import type { Rooms } from "./rooms.ts"

/** A member as server code sees it. */
export interface PresentMember<State = unknown> {
  /** A session's name among the members; the same on each of its links. */
  readonly member: string
  /** Undefined for an anonymous one. */
  readonly user: string | undefined
  /** When it entered, by the server's clock in milliseconds since 1970. */
  readonly at: number
  readonly state: State
}

export interface PresentPage<State = unknown> {
  readonly counts: Counts
  /** In the order of entering, as this node saw it. */
  readonly members: readonly PresentMember<State>[]
  /** For the next page; undefined on the last one. */
  readonly next: string | undefined
  /** Live nodes that did not say all of their members in time, by their ids. Empty where the answer is whole. */
  readonly missing: readonly string[]
}

export interface PageRequest {
  /** `next` of the page before. Fails with EXPIRED where that is of another node or too old. */
  readonly after?: string | undefined
  /** Default 100; at most the limit `presencePage`. */
  readonly limit?: number | undefined
  /** How long to wait for other nodes where this one begins to follow the channel. Default 5,000. */
  readonly timeoutMs?: number | undefined
}

/** Who is present on one channel, for code on the server. */
export interface ServerPresence<State = unknown> {
  /** At once, as far as this node knows: nothing where there are several nodes and this one does not follow the channel. */
  readonly counts: Counts
  /**
   * Members in the order of their entering. Waits for other nodes where it must; those that do not answer are named. Fails with
   * EXPIRED, and with CLOSED where the server is closed meanwhile.
   */
  page(request?: PageRequest): Promise<PresentPage<State>>
}

export interface ReadPresenceOptions {
  readonly clock: Clock
  readonly contract: Contract
  readonly limits: Limits
  readonly rooms: Rooms
  readonly missing: (room: Room) => readonly string[]
}

const NOBODY: Counts = Object.freeze({ members: 0, users: 0 })
const TIMEOUT_MS = 5_000
const LOOK_MS = 100

export interface ReadPresence {
  readonly of: (channel: string) => ServerPresence
  /** Ends what waits. */
  close(): void
}

export function createReadPresence({ clock, contract, limits, rooms, missing }: ReadPresenceOptions): ReadPresence {
  const waiting = new Map<Timer, (failure: MagpieError) => void>()
  let isClosed = false

  function pause(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(LOOK_MS, () => {
        waiting.delete(timer)
        resolve()
      })
      waiting.set(timer, reject)
    })
  }

  async function complete(room: Room, timeoutMs: number): Promise<readonly string[]> {
    const endMs = clock.monotonic() + timeoutMs
    for (;;) {
      const silent = missing(room)
      if (silent.length === 0 || clock.monotonic() >= endMs) return silent
      await pause()
    }
  }

  async function page(channel: string, { after, limit, timeoutMs = TIMEOUT_MS }: PageRequest = {}): Promise<PresentPage> {
    if (isClosed) throw closed()
    const most = pageLength(limit, limits)
    const room = rooms.open(channel, contract.match(channel))
    rooms.release(room)
    const silent = await complete(room, timeoutMs)
    const { page, next } = room.page(readCursor(room, after), most)
    const members = page.map(({ member, user, at, state }) => ({ member, user, at, state: JSON.parse(state) as unknown }))
    return { counts: room.counts, members, next: cursorOf(room, next), missing: silent }
  }

  return {
    of: (channel) => ({
      get counts() {
        return rooms.get(channel)?.counts ?? NOBODY
      },
      page: (request) => page(channel, request),
    }),
    close() {
      isClosed = true
      for (const [timer, reject] of waiting) {
        timer.cancel()
        reject(closed())
      }
      waiting.clear()
    },
  }
}

function closed(): MagpieError {
  return new MagpieError("CLOSED", "the server is closed")
}
