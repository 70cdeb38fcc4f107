import { table } from "@magpie/client/table"
import { createStore } from "@magpie/frame/store"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { Replay, Wanted } from "../schemas.ts"

/** Until the server's row is there: what the feed does by itself. */
const UNTIL_TOLD: Wanted = { playing: true, dayMs: 5_000, updatesPerSecond: 5 }

export type ReplayControl = ReturnType<typeof openReplayControl>

/** Where the replay is, and what everybody wants of it: one row each, and whoever wrote last decided. */
export function openReplayControl(client: ShowcaseClient) {
  const wanted = table(client.channel("quotes/wanted"))
  const replay = table(client.channel("quotes/replay"))
  const wish = createStore<Wanted>(UNTIL_TOLD)
  const place = createStore<Replay | undefined>(undefined)
  const failure = createStore<"none" | "refused">("none")
  wanted.on("change", () => wish.set(wanted.rows.get("all")?.value ?? UNTIL_TOLD))
  replay.on("change", () => place.set(replay.rows.get("all")?.value))
  return {
    wish,
    place,
    failure,
    /** Shown at once; where the server says no, what holds comes back. */
    choose(change: Partial<Wanted>): void {
      wish.update((now) => ({ ...now, ...change }))
      failure.set("none")
      wanted.set("all", wish.get()).catch(() => {
        failure.set("refused")
        wish.set(wanted.rows.get("all")?.value ?? UNTIL_TOLD)
      })
    },
    close(): void {
      wanted.close()
      replay.close()
    },
  }
}
