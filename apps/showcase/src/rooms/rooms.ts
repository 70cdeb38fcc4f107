import { createStore, type Store } from "@magpie/frame"
import { parseChannelName } from "@magpie/protocol"
import { type ChatRoom, openChatRoom } from "../chat/chat-room.ts"
import type { ShowcaseClient } from "../connection/open-connection.ts"
import type { Identity } from "../identity.ts"

const OWN_ROOMS_KEY = "magpie.rooms"
export const FIRST_ROOM = "lobby"
const GIVEN_ROOMS = [FIRST_ROOM, "ideas", "tea"] as const

/** The rooms of the list. Each stays subscribed while it is listed, so that it can say what is unread. */
export interface Rooms {
  readonly names: Store<readonly string[]>
  /** The room, opened if it was not. */
  room(name: string): ChatRoom
  add(name: string): void
  leave(name: string): void
  isGiven(name: string): boolean
}

export function createRooms(client: ShowcaseClient, me: Identity): Rooms {
  const open = new Map<string, ChatRoom>()
  const names = createStore<readonly string[]>([...GIVEN_ROOMS, ...keptRooms()])
  const isGiven = (name: string) => (GIVEN_ROOMS as readonly string[]).includes(name)
  const keep = () => localStorage.setItem(OWN_ROOMS_KEY, JSON.stringify(names.get().filter((name) => !isGiven(name))))

  // A room that could not be opened for want of a link is opened when there is one.
  client.on("status", ({ to }) => {
    if (to !== "online") return
    for (const room of open.values()) {
      const { phase } = room.timeline.get()
      if (phase.state === "failed" && phase.error.retryable) void room.open()
    }
  })

  return {
    names,
    isGiven,
    room(name) {
      const known = open.get(name)
      if (known !== undefined) return known
      const room = openChatRoom(client, name, me)
      open.set(name, room)
      void room.open()
      return room
    },
    leave(name) {
      open.get(name)?.close()
      open.delete(name)
      names.update((now) => now.filter((other) => other !== name))
      keep()
    },
    add(name) {
      if (names.get().includes(name)) return
      names.update((now) => [...now, name])
      keep()
    },
  }
}

/** A room's name as it may stand in a channel's name, or undefined where nothing usable is left. */
export function roomNameOf(input: string): string | undefined {
  const name = input.normalize("NFC").trim().replace(/\s+/g, "-").slice(0, 40)
  if (name.includes("/")) return undefined
  try {
    parseChannelName(`chat/${name}`)
    return name
  } catch {
    return undefined
  }
}

function keptRooms(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(OWN_ROOMS_KEY) ?? "[]")
    return Array.isArray(kept) ? kept.filter((name) => typeof name === "string" && roomNameOf(name) === name) : []
  } catch {
    return []
  }
}
