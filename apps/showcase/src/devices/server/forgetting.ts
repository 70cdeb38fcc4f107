import type { Client } from "@magpie/client"
import { presence } from "@magpie/client/presence"
import { table } from "@magpie/client/table"
import type { Clock } from "@magpie/protocol"
import type { showcase } from "../../contract.ts"
import type { FleetServer } from "./fleet.ts"

const DAY_MS = 86_400_000
/** A device that was not heard of for so long is taken off the list. One that comes back reports, and is on it again. */
export const FORGOTTEN_AFTER_MS = 30 * DAY_MS
const LOOK_EACH_MS = 300_000

/** Takes devices off the list that are gone for long: what they reported, and what was desired of them. Returns how to stop it. */
export function forgetGone(
  client: Client<typeof showcase>,
  server: Pick<FleetServer, "channel">,
  clock: Pick<Clock, "now" | "setTimer">,
): () => Promise<void> {
  const reported = table(client.channel("devices/reported"), { rate: 1 })
  const here = presence(client.channel("devices/reported"))
  let timer = clock.setTimer(LOOK_EACH_MS, look)

  function look(): void {
    timer = clock.setTimer(LOOK_EACH_MS, look)
    if (reported.state.state !== "live" || here.state.state !== "live") return
    const present = new Set([...here.members.values()].map(({ state }) => state.device))
    for (const [id, { value, at, version }] of reported.rows) {
      if (present.has(id) || clock.now() - (value.leftAt ?? at) < FORGOTTEN_AFTER_MS) continue
      // One that has written its row meanwhile stays.
      server
        .channel("devices/reported")
        .delete(id, { expected: version })
        .then(() => server.channel("devices/desired").delete(id))
        .catch(() => {})
    }
  }

  return () => {
    timer.cancel()
    return client.close()
  }
}
