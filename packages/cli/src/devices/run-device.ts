import type { CommandChannel, TableChannel } from "@magpie/client"
import { type CommandContext, type CommandStore, type ServingState, serveCommands } from "@magpie/client/command"
import { presence } from "@magpie/client/presence"
import { table } from "@magpie/client/table"
import type { AnyCommands, Clock, CommandKind, TableKind, Timer } from "@magpie/protocol"
import type { DeviceModel, DeviceState } from "./device-model.ts"
import { createReporter } from "./reporter.ts"

/** What a device writes into its row of the reported states. */
export interface DeviceReport {
  readonly kind: string
  readonly group: string
  /** Where it runs. */
  readonly host: string
  /** Version of the desired state that it has taken up last; 0 for none. */
  readonly applied: number
  readonly state: DeviceState
}

/** Channels of one client, whatever its contract calls them. */
export interface DeviceChannels {
  /** Of kind `command`: those of the device. */
  readonly commands: object
  /** Of kind `table`, with presence: a row for each device. */
  readonly reported: object
  /** Of kind `table`: what somebody wants of a device, in the row of its id. */
  readonly desired: object
}

export interface RunDeviceOptions extends Omit<DeviceReport, "state" | "applied"> {
  readonly id: string
  readonly model: DeviceModel
  readonly channels: DeviceChannels
  readonly store: CommandStore
  readonly clock: Clock
  /** As it was saved. */
  readonly applied?: number
  /** Called with each new state, before it is reported. */
  readonly save?: (report: DeviceReport) => void
  readonly onServing?: (state: ServingState) => void
  readonly onCommand?: (name: string, input: unknown, id: string) => void
  /** What was refused of what it reported, and what was desired that it cannot do. */
  readonly onError?: (failure: unknown) => void
}

export interface RunningDevice {
  readonly serving: ServingState
  /** Looks at the model now, after something was done to it. */
  look(): void
  /** Ceases to serve and leaves. Idempotent. */
  close(): Promise<void>
}

const STEP_MS = 250

type Handlers = Readonly<Record<string, (input: unknown, context: CommandContext) => unknown>>

/** Lets a simulated device live over a client's links: it serves its commands, follows what is desired of it, reports what it is, and is present. */
export function runDevice(options: RunDeviceOptions): RunningDevice {
  const { id, kind, group, host, model, channels, store, clock, save, onServing, onCommand, onError = () => {} } = options
  let applied = options.applied ?? 0
  let reportedState: DeviceState | undefined
  let running = 0
  let timer: Timer | undefined
  let steppedAt = clock.monotonic()
  let isStopped = false

  const reported = table(channels.reported as TableChannel<TableKind>, { keys: [id] })
  const desired = table(channels.desired as TableChannel<TableKind>, { keys: [id] })
  const here = presence(channels.reported as TableChannel<TableKind>, { state: { device: id }, watch: false })
  const reporter = createReporter((report: DeviceReport) => reported.set(id, report), onError)

  function look(): void {
    if (isStopped || model.state === reportedState) return
    reportedState = model.state
    report()
  }

  function report(): void {
    const now = { kind, group, host, applied, state: model.state }
    save?.(now)
    reporter.report(now)
  }

  /** What a command does is not mixed with what is desired: that has its turn when none runs. */
  function takeUp(): void {
    const row = desired.rows.get(id)
    if (isStopped || running > 0 || desired.state.state !== "live" || row === undefined || row.version === applied) return
    applied = row.version
    try {
      model.apply(row.value as DeviceState)
    } catch (failure) {
      onError(failure)
    }
    reportedState = model.state
    report()
  }

  async function handle(name: string, run: Handlers[string], input: unknown, context: CommandContext): Promise<unknown> {
    running++
    onCommand?.(name, input, context.id)
    try {
      const outcome = run?.(input, context)
      look()
      return await outcome
    } finally {
      running--
      look()
      takeUp()
    }
  }

  const handlers: Handlers = Object.fromEntries(
    Object.entries(model.handlers).map(([name, run]) => [
      name,
      (input: unknown, context: CommandContext) => handle(name, run, input, context),
    ]),
  )
  const serving = serveCommands(channels.commands as CommandChannel<CommandKind<AnyCommands>>, { store, handlers })
  serving.on("state", (state) => {
    if (state.state === "ended") stop()
    onServing?.(state)
  })
  desired.on("change", takeUp)
  desired.on("state", takeUp)

  function step(): void {
    const now = clock.monotonic()
    model.advance(now - steppedAt)
    steppedAt = now
    look()
    timer = clock.setTimer(STEP_MS, step)
  }
  look()
  timer = clock.setTimer(STEP_MS, step)

  /** Another has its place, or its client is closed: it lives no longer. */
  function stop(): void {
    isStopped = true
    timer?.cancel()
    reporter.close()
    here.close()
    desired.close()
    reported.close()
  }

  return {
    get serving() {
      return serving.state
    },
    look,
    async close() {
      if (!isStopped) stop()
      await serving.close()
    },
  }
}
