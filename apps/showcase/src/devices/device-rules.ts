import type { ChannelRules, User } from "@magpie/server"
import type { showcase } from "../contract.ts"
import type { deviceChannels } from "./channels.ts"

/** Whose keys the server's own devices have. */
export const FLEET_USER = "fleet"
const FLEET_PREFIX = "demo-"

/** The server's own devices are nobody else's; whoever calls a device by another name may be it. */
export function mayBe(id: string, user: User | undefined): boolean {
  return !id.startsWith(FLEET_PREFIX) || user?.id === FLEET_USER
}

const commands = {
  authorize: ({
    action,
    params,
    user,
  }: {
    readonly action: string
    readonly params: { readonly id: string }
    readonly user: User | undefined
  }) => (action === "serve" ? mayBe(params.id, user) : ["call", "cancel-any", "subscribe", "history"].includes(action)),
}

/** Everybody is an operator here; only the devices themselves write what they are. */
export const deviceRules: { readonly [P in keyof typeof deviceChannels]: ChannelRules<typeof showcase, P, User> } = {
  "lamp/:id": commands,
  "thermostat/:id": commands,
  "valve/:id": commands,
  "devices/reported": {
    authorize: ({ action, key = "", user }) =>
      action === "write" ? mayBe(key, user) : action === "subscribe" || action === "enter" || action === "watch",
    rate: { $row: 10 },
  },
  "devices/desired": { authorize: ({ action }) => action === "subscribe" || action === "write", rate: { $row: 5 } },
}
