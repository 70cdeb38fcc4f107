import { createDevice, type DeviceKind, runDevice } from "@magpie/cli/devices"
import { type CommandStore, memoryCommands } from "@magpie/client/command"
import { anonymous, anyOf } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { showcase } from "../../apps/showcase/src/contract.ts"
import { openFleetDesk } from "../../apps/showcase/src/devices/fleet/fleet-desk.ts"
import { showcaseRules } from "../../apps/showcase/src/showcase-rules.ts"

interface DeviceChoice {
  readonly kind?: DeviceKind
  readonly store?: CommandStore
}

export type DevicesBed = Awaited<ReturnType<typeof createDevicesBed>>

/** The showcase's server with its rules; whoever comes with a key is the user of that name. */
export async function createDevicesBed() {
  const byKey = { authenticate: ({ key }: { readonly key: string | undefined }) => (key === undefined ? undefined : { user: { id: key } }) }
  const bed = await createTestBed(showcase, { auth: anyOf(anonymous(), byKey), rules: showcaseRules })
  const { clock } = bed
  let ids = 0
  return {
    bed,
    /** A simulated device with a client of its own. */
    device(id: string, { kind = "valve", store = memoryCommands() }: DeviceChoice = {}) {
      const client = bed.connect()
      const model = createDevice(kind)
      const channels = {
        commands: client.channel(`${kind}/${id}` as `valve/${string}`),
        reported: client.channel("devices/reported"),
        desired: client.channel("devices/desired"),
      }
      const begun: string[] = []
      const onCommand = (_name: string, _input: unknown, command: string) => void begun.push(command)
      const device = runDevice({ id, kind, group: "hall", host: "page", model, channels, store, clock, onCommand })
      return { client, model, device, begun, store }
    },
    desk() {
      const desk = openFleetDesk(bed.connect(), clock.now, () => `call-${++ids}`)
      const view = (id: string) => desk.devices.get().find((device) => device.id === id)
      return {
        ...desk,
        view,
        stateOf: (id: string) => desk.calls.get().find((call) => call.id === id)?.state,
        isThere: (id: string) => clock.until(() => view(id)?.isOnline === true),
        isGone: (id: string) => clock.until(() => view(id)?.isOnline === false),
      }
    },
    /** What comes of it, as soon as the clock has brought it. */
    async told<T>(promise: Promise<T>): Promise<T> {
      let isOver = false
      const settle = () => {
        isOver = true
      }
      promise.then(settle, settle)
      await clock.until(() => isOver)
      return promise
    },
  }
}
