import { useMemo, useSyncExternalStore } from "react"
import { type BoardName, isBoard } from "./dashboard/schemas.ts"
import { FIRST_ROOM, roomNameOf } from "./rooms/rooms.ts"

/** What the address names: `#/chat/lobby`, `#/quotes`, `#/quotes/MSFT`, `#/dashboard/line`, `#/devices/demo-valve`. */
export type Route =
  | { readonly app: "chat"; readonly room: string }
  /** Undefined: none was chosen. */
  | { readonly app: "quotes"; readonly symbol: string | undefined }
  /** Undefined: all of them. */
  | { readonly app: "dashboard"; readonly board: BoardName | undefined }
  /** With `isOwn` this page is a device: `#/device`. */
  | { readonly app: "devices"; readonly device: string | undefined; readonly isOwn: boolean }

export function routeOf(hash: string): Route {
  const [app, name] = hash.replace(/^#\//, "").split("/").map(decoded)
  if (app === "quotes") return { app, symbol: name === "" ? undefined : name }
  if (app === "dashboard") return { app, board: isBoard(name) ? name : undefined }
  if (app === "devices" || app === "device") return { app: "devices", device: name === "" ? undefined : name, isOwn: app === "device" }
  return { app: "chat", room: (app === "chat" && roomNameOf(name ?? "")) || FIRST_ROOM }
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return useMemo(() => routeOf(hash), [hash])
}

export const addressOfRoom = (room: string): string => `#/chat/${encodeURIComponent(room)}`
export const addressOfQuotes = (symbol?: string): string => (symbol === undefined ? "#/quotes" : `#/quotes/${encodeURIComponent(symbol)}`)
export const addressOfDashboard = (board?: BoardName): string => (board === undefined ? "#/dashboard" : `#/dashboard/${board}`)
export const OWN_DEVICE_ADDRESS = "#/device"
export const addressOfDevices = (device?: string): string =>
  device === undefined ? "#/devices" : `#/devices/${encodeURIComponent(device)}`

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener)
  return () => window.removeEventListener("hashchange", listener)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ""
  }
}
