import { presence } from "@magpie/client/presence"
import { table } from "@magpie/client/table"
import { createStore } from "@magpie/frame/store"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { Desired } from "../channels.ts"
import { createCalls } from "./calls.ts"
import { type DeviceView, deviceView, inOrder } from "./device-view.ts"

export type FleetDesk = ReturnType<typeof openFleetDesk>

/** Everything that the operators' page follows, from when it is opened until it is left. */
export function openFleetDesk(client: ShowcaseClient, now: () => number, newId: () => string) {
  const reported = table(client.channel("devices/reported"), { rate: 5 })
  const desired = table(client.channel("devices/desired"))
  const here = presence(client.channel("devices/reported"))
  const devices = createStore<readonly DeviceView[]>([])
  const state = createStore<"loading" | "live" | "refused">("loading")
  const failure = createStore<string | undefined>(undefined)

  function look(): void {
    const present = new Set([...here.members.values()].map((member) => member.state.device))
    devices.set(inOrder([...reported.rows].map(([id, row]) => deviceView(id, row, desired.rows.get(id), present.has(id)))))
    const states = [reported.state.state, desired.state.state]
    state.set(states.includes("refused") ? "refused" : states.every((each) => each === "live") ? "live" : "loading")
  }

  for (const each of [reported, desired]) {
    each.on("change", look)
    each.on("state", look)
  }
  here.on("change", look)
  look()

  return {
    client,
    devices,
    state,
    ...createCalls(client, now, newId),
    /** The device that was not told what is wanted of it, because the server did not take that. */
    failure,
    desire(ids: readonly string[], value: Desired): void {
      failure.set(undefined)
      for (const id of ids) desired.set(id, value).catch(() => failure.set(id))
    },
    /** Takes a device off the list, with what was desired of it. One that comes back is on it again. */
    forget(id: string): void {
      failure.set(undefined)
      reported.delete(id).catch(() => failure.set(id))
      if (desired.rows.has(id)) desired.delete(id).catch(() => failure.set(id))
    },
    close(): void {
      here.close()
      desired.close()
      reported.close()
    },
  }
}
