import { createDevice, type DeviceKind, type DeviceState, type RunningDevice, runDevice } from "@magpie/cli/devices"
import { type CommandStore, memoryCommands, storedCommands } from "@magpie/client/command"
import { createStore } from "@magpie/frame/store"
import { type Clock, isMagpieError } from "@magpie/protocol"
import type { ShowcaseClient } from "../../connection/open-connection.ts"

export interface OwnView {
  readonly serving: "opening" | "connecting" | "serving" | "ended" | "taken"
  readonly state: DeviceState
  /** What it was told last, the newest first. */
  readonly told: readonly Told[]
}

export interface Told {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

interface Kept {
  readonly applied: number
  readonly state: DeviceState
}

export interface OwnDeviceOptions {
  readonly id: string
  readonly kind: DeviceKind
  readonly client: ShowcaseClient
  readonly clock: Clock
  /** Where it keeps what it has begun. Default: the browser's database. */
  readonly openStore?: (id: string) => Promise<CommandStore>
  /** Where it keeps what it is. */
  readonly kept: Pick<Storage, "getItem" | "setItem">
}

const MOST_TOLD = 5
const keyOf = (id: string): string => `magpie.device.${id}`
/** The database of one that closes must be free before the next opens it. */
let turn: Promise<unknown> = Promise.resolve()

/** This page as a device, from when it is opened until it is left: a reload goes on, and no command is executed twice. */
export function openOwnDevice({ id, kind, client, clock, kept, openStore = storeOf }: OwnDeviceOptions) {
  const before = read(kept.getItem(keyOf(id)))
  const model = createDevice(kind, before?.state)
  const view = createStore<OwnView>({ serving: "opening", state: model.state, told: [] })
  const change = (part: Partial<OwnView>): void => view.update((now) => ({ ...now, ...part }))
  let running: RunningDevice | undefined
  let isClosed = false

  function begin(store: CommandStore): void {
    running = runDevice({
      id,
      kind,
      group: "pages",
      host: "page",
      model,
      channels: {
        commands: client.channel(`${kind}/${id}` as `lamp/${string}`),
        reported: client.channel("devices/reported"),
        desired: client.channel("devices/desired"),
      },
      store,
      clock,
      applied: before?.applied ?? 0,
      save({ applied, state }) {
        kept.setItem(keyOf(id), JSON.stringify({ applied, state }))
        change({ state })
      },
      onServing: ({ state }) => change({ serving: state }),
      onCommand: (name, input, command) => change({ told: [{ id: command, name, input }, ...view.get().told].slice(0, MOST_TOLD) }),
    })
  }

  async function live(): Promise<void> {
    if (isClosed) return
    let store: CommandStore
    try {
      store = await openStore(id)
    } catch (failure) {
      // Another tab is this device.
      if (isMagpieError(failure) && failure.code === "CONFLICT") return change({ serving: "taken" })
      // A browser that keeps nothing: after a reload, what had been begun is indeterminate.
      store = memoryCommands()
    }
    try {
      if (!isClosed) begin(store)
      await closing
      await running?.close()
    } finally {
      await store.close()
    }
  }

  let close = (): void => {}
  const closing = new Promise<void>((resolve) => {
    close = () => {
      isClosed = true
      resolve()
    }
  })
  turn = turn.then(live, live)

  return {
    view,
    controls: Object.keys(model.controls),
    /** What somebody does who stands beside it. */
    control(name: string): void {
      model.controls[name]?.()
      running?.look()
    },
    close,
  }
}

const storeOf = (id: string): Promise<CommandStore> => storedCommands({ name: keyOf(id) })

/** What the page kept of it; nothing where that is no longer readable. */
function read(text: string | null): Kept | undefined {
  try {
    const { applied, state } = JSON.parse(text ?? "null")
    return Number.isSafeInteger(applied) && typeof state === "object" && state !== null ? { applied, state } : undefined
  } catch {
    return undefined
  }
}
