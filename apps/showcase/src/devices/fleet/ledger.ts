import type { LedgerStep } from "@magpie/client/command"
import { createStore } from "@magpie/frame/store"
import type { DeviceCommands } from "./device-commands.ts"

export interface LedgerView {
  readonly state: "loading" | "live" | "failed"
  /** The newest first. */
  readonly steps: readonly LedgerStep[]
  /** There are older ones. */
  readonly more: boolean
}

const PAGE = 50
/** Progress is shown where the command is; here it would hide the rest. */
const isTold = (step: LedgerStep): boolean => step.state !== "progress"

/** The ledger of one device: what is kept of it, and what comes. */
export function openLedger(device: Pick<DeviceCommands, "onStep" | "ledger">) {
  const view = createStore<LedgerView>({ state: "loading", steps: [], more: false })
  let isClosed = false
  let oldest: number | undefined

  function add(steps: readonly LedgerStep[], change: Partial<LedgerView> = {}): void {
    if (isClosed) return
    view.update((now) => {
      const byOffset = new Map([...now.steps, ...steps.filter(isTold)].map((step) => [step.offset, step]))
      return { ...now, ...change, steps: [...byOffset.values()].sort((a, b) => b.offset - a.offset) }
    })
  }

  async function read(): Promise<void> {
    try {
      const { steps, more } = await device.ledger({ limit: PAGE, ...(oldest !== undefined && { before: oldest }) })
      oldest = steps[0]?.offset ?? oldest
      add(steps, { state: "live", more })
    } catch {
      add([], { state: "failed" })
    }
  }

  const stop = device.onStep((step) => add([step]))
  void read()
  return {
    view,
    /** Reads older steps, or the newest again where that has failed. */
    read,
    close(): void {
      isClosed = true
      stop()
    },
  }
}
