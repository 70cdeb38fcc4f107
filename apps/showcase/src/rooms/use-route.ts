import { useSyncExternalStore } from "react"
import { FIRST_ROOM, roomNameOf } from "./rooms.ts"

/** The room that the address names, as `#/chat/lobby`. */
export function useRoute(): string {
  return useSyncExternalStore(subscribe, readRoute)
}

export function addressOf(room: string): string {
  return `#/chat/${encodeURIComponent(room)}`
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener)
  return () => window.removeEventListener("hashchange", listener)
}

function readRoute(): string {
  const match = /^#\/chat\/([^/]+)$/.exec(location.hash)
  try {
    return roomNameOf(decodeURIComponent(match?.[1] ?? "")) ?? FIRST_ROOM
  } catch {
    return FIRST_ROOM
  }
}
