import { presence } from "@magpie/client/presence"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { Visit } from "../schemas.ts"

/**
 * Says that this page is open, for as long as it is: the connection is the visit. Nothing is kept in the browser for it, and the
 * server tells others only how many there are. Whoever asks sites not to track is not counted.
 */
export function tellVisit(client: ShowcaseClient, visitNow: () => Visit, onMove: (listener: () => void) => void): void {
  const here = presence(client.channel("dashboard/visits"), { watch: false })
  const tell = () => void here.enter(visitNow()).catch(() => {})
  onMove(tell)
  tell()
}

/** The class of devices, by the room that there is and by what points at it. */
export function deviceOf(width: number, hasCoarsePointer: boolean): Visit["device"] {
  if (width < 600) return "phone"
  return hasCoarsePointer && width < 1_400 ? "tablet" : "desktop"
}

/** The host that a link stood on; `direct` without one, and where the link stood here. */
export function referrerOf(referrer: string, host: string): string {
  if (!URL.canParse(referrer)) return "direct"
  const from = new URL(referrer).host.toLowerCase()
  if (from === host || from === "") return "direct"
  return /^[a-z0-9.:-]{1,64}$/.test(from) ? from : "other"
}
