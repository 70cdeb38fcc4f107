import type { ChannelMatch } from "@magpie/protocol"
import type { TimingWheel, Watched } from "../flow/timing-wheel.ts"
import type { PresenceContext } from "./presence-context.ts"
import { Room } from "./room.ts"

/** The rooms that this node knows of: those that are used here, and for a while those that were. */
export interface Rooms extends Iterable<Room> {
  readonly size: number
  get(channel: string): Room | undefined
  open(channel: string, match: ChannelMatch): Room
  /** Nobody may use it any more; then it is forgotten after a while, so that who comes back finds it. */
  release(room: Room): void
  close(): void
}

export interface RoomsOptions {
  readonly context: PresenceContext
  /** How long a farewell is remembered. */
  readonly farewellMs: number
  onOpened(room: Room): void
  onClosed(room: Room): void
}

export function createRooms({ context, farewellMs, onOpened, onClosed }: RoomsOptions): Rooms {
  const rooms = new Map<string, Room>()
  const wheel: TimingWheel = context.wheel
  const lingering = new Map<Room, Watched>()

  function linger(room: Room): Watched {
    return {
      check() {
        lingering.delete(room)
        if (!room.isUsed) forget(room)
        return undefined
      },
    }
  }

  function forget(room: Room): void {
    rooms.delete(room.channel)
    room.close()
    onClosed(room)
  }

  return {
    get size() {
      return rooms.size
    },
    get: (channel) => rooms.get(channel),
    open(channel, match) {
      const known = rooms.get(channel)
      if (known !== undefined) return known
      const room = new Room(channel, match, context, farewellMs)
      rooms.set(channel, room)
      onOpened(room)
      return room
    },
    release(room) {
      if (room.isUsed) return
      const watched = lingering.get(room) ?? linger(room)
      lingering.set(room, watched)
      wheel.watch(watched, context.leaseMs)
    },
    close() {
      for (const watched of lingering.values()) wheel.unwatch(watched)
      lingering.clear()
      for (const room of [...rooms.values()]) forget(room)
    },
    [Symbol.iterator]: () => rooms.values(),
  }
}
