import type { Client } from "@magpie/client"
import { type CommandContext, type CommandServer, serveCommands, storedCommands } from "@magpie/client/command"
import { type Clock, type MagpieError, toMagpieError } from "@magpie/protocol"
import type { CrashingLanes } from "../crashing-lanes.ts"
import type { FakeProcess } from "../fake-process.ts"
import type { Judge } from "./judge/judge.ts"
import { DEVICE, type Errand, type SimulatedApp } from "./simulated-app.ts"

export interface SimulatedDeviceOptions {
  readonly client: Client<SimulatedApp>
  readonly publisher: string
  readonly its: FakeProcess
  /** Where it keeps what it has begun, over the lives of its pages. */
  readonly disk: CrashingLanes
  readonly judge: Judge
}

/** How long it waits before it serves again, where it was told that another one does. */
const AGAIN_MS = 1_000

/** One page of a device: what it is told to do it does for a while, and tells the judge. */
export function startDevice(options: SimulatedDeviceOptions): void {
  const { its, disk, judge } = options
  const { clock } = its.env
  storedCommands({ name: "device", lanes: disk.lanes(clock) }).then(
    (store) => serve(options, store),
    (failure: unknown) => judge.broken(failure),
  )
}

function serve(options: SimulatedDeviceOptions, store: Awaited<ReturnType<typeof storedCommands>>): void {
  const { client, publisher, its, judge } = options
  const { clock } = its.env
  if (client.status.state === "closed") return
  const server: CommandServer = serveCommands(client.channel(DEVICE), {
    store,
    concurrency: 2,
    handlers: {
      async run({ takesMs }: Errand, context: CommandContext<{ readonly ms: number }>) {
        judge.commands.effect(context.id, publisher)
        await work(clock, takesMs, context)
        return { by: publisher }
      },
    },
  })
  server.on("state", (state) => {
    judge.reached(`device-${state.state}`)
    if (state.state === "ended") ended(state.error)
  })

  function ended(error: MagpieError): void {
    if (error.code === "CLOSED" || client.status.state === "closed") return
    judge.commands.failed(publisher, error)
    // As somebody would start it anew: what an earlier page asked for may land behind what this one did.
    clock.setTimer(AGAIN_MS, () => serve(options, store))
  }
}

/** Takes its time, tells how far it is, and ends early where it is asked to. */
function work(clock: Clock, takesMs: number, { signal, progress }: CommandContext<{ readonly ms: number }>): Promise<void> {
  return new Promise((resolve, reject) => {
    const half = clock.setTimer(takesMs / 2, () => progress({ ms: takesMs / 2 }))
    const end = clock.setTimer(takesMs, resolve)
    signal.addEventListener("abort", () => {
      half.cancel()
      end.cancel()
      reject(toMagpieError(signal.reason))
    })
  })
}
