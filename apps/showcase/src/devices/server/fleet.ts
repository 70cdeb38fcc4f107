import { createServer as createHttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createDevice, type DeviceKind, type RunningDevice, runDevice } from "@magpie/cli/devices"
import { type Client, connect } from "@magpie/client"
import { memoryCommands } from "@magpie/client/command"
import { presence } from "@magpie/client/presence"
import type { Clock } from "@magpie/protocol"
import { type Authenticator, nodeEnv, type Server, type User } from "@magpie/server"
import { showcase } from "../../contract.ts"
import { FLEET_USER } from "../device-rules.ts"
import { forgetGone } from "./forgetting.ts"

interface DemoDevice {
  readonly id: string
  readonly kind: DeviceKind
  readonly group: string
  /** Saves its battery: so long there, and so long away. */
  readonly awakeMs?: number
  readonly asleepMs?: number
}

const DEVICES: readonly DemoDevice[] = [
  { id: "demo-lamp", kind: "lamp", group: "hall" },
  { id: "demo-thermostat", kind: "thermostat", group: "hall" },
  { id: "demo-valve", kind: "valve", group: "cellar" },
  { id: "demo-night-light", kind: "lamp", group: "cellar", awakeMs: 25_000, asleepMs: 35_000 },
]

export type FleetServer = Pick<Server<typeof showcase>, "channel" | "attach" | "closed">

export interface Fleet<U extends User> {
  /** Knows the fleet's own devices by a key that nobody else has. */
  readonly auth: Authenticator<U>
  start(server: FleetServer): void
}

/** The devices that the server simulates itself, each over a link of its own like any other, and the last wills of all. */
export function createFleet<U extends User>(user: Omit<U, "id">): Fleet<U> {
  const { clock, random } = nodeEnv(() => {})
  const key = Buffer.from(random.bytes(24)).toString("base64url")
  return {
    auth: { authenticate: (credentials) => (credentials.key === key ? { user: { ...user, id: FLEET_USER } as U } : undefined) },
    start(server) {
      // A door of this machine alone, because the server's own is not open yet.
      const door = createHttpServer()
      const detach = server.attach(door)
      let closeAll: (() => Promise<unknown>) | undefined
      door.listen(0, "127.0.0.1", () => {
        const { port } = door.address() as AddressInfo
        const open = () => connect(`ws://127.0.0.1:${port}`, { contract: showcase, key })
        const parts = [
          keepWills(open(), server, clock),
          forgetGone(open(), server, clock),
          ...DEVICES.map((device) => live(device, open, server, clock)),
        ]
        closeAll = () => Promise.all(parts.map((close) => close()))
      })
      const end = (): void => {
        detach()
        door.close()
        closeAll?.().catch(() => {})
      }
      server.closed.then(end, end)
    },
  }
}

/** Says of each device that went when that was found. A device that comes back writes its row without it. */
export function keepWills(
  client: Client<typeof showcase>,
  server: Pick<FleetServer, "channel">,
  clock: Pick<Clock, "now">,
): () => Promise<void> {
  const fleet = presence(client.channel("devices/reported"))
  fleet.on("leave", ({ state: { device } }) => {
    const isThere = [...fleet.members.values()].some(({ state }) => state.device === device)
    const rows = server.channel("devices/reported")
    if (!isThere && rows.get(device) !== undefined) rows.merge(device, { leftAt: clock.now() }).catch(() => {})
  })
  return () => client.close()
}

function live(
  device: DemoDevice,
  open: () => Client<typeof showcase>,
  server: Pick<FleetServer, "channel">,
  clock: Clock,
): () => Promise<void> {
  const { id, kind, group, awakeMs, asleepMs } = device
  const store = memoryCommands()
  let model: ReturnType<typeof createDevice> | undefined
  let here: { readonly client: Client<typeof showcase>; running?: RunningDevice } | undefined
  let timer: ReturnType<Clock["setTimer"]> | undefined

  function wake(): void {
    const client = open()
    const now: NonNullable<typeof here> = { client }
    here = now
    client.on("status", ({ to }) => {
      if (to !== "online" || now.running !== undefined || here !== now) return
      // It remembers what it was by what it has reported.
      const before = server.channel("devices/reported").get(id)?.value
      model ??= createDevice(kind, before?.state)
      const channels = {
        commands: client.channel(`${kind}/${id}` as `lamp/${string}`),
        reported: client.channel("devices/reported"),
        desired: client.channel("devices/desired"),
      }
      now.running = runDevice({ id, kind, group, host: "server", model, channels, store, clock, applied: before?.applied ?? 0 })
    })
    if (awakeMs !== undefined) timer = clock.setTimer(awakeMs, sleep)
  }

  function sleep(): void {
    void leave()
    timer = clock.setTimer(asleepMs ?? 0, wake)
  }

  async function leave(): Promise<void> {
    const { client, running } = here ?? {}
    here = undefined
    // A server that is gone takes no leave.
    await running?.close().catch(() => {})
    await client?.close()
  }

  wake()
  return () => {
    timer?.cancel()
    return leave()
  }
}
