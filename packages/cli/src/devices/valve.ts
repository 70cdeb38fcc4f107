import type { CommandContext } from "@magpie/client/command"
import { commandFailure, isMagpieError, MagpieError } from "@magpie/protocol"
import { type DeviceModel, fieldsOf, numberIn } from "./device-model.ts"

export type ValveState = {
  /** Percent open. */
  readonly position: number
  readonly moving: boolean
  readonly jammed: boolean
}

const PERCENT_PER_SECOND = 20

interface Way {
  readonly to: number
  /** Told of each step, and of how it ended. */
  step?(position: number): void
  end?(failure?: MagpieError): void
}

/** A valve that takes seconds: `move` tells how far it is, stops where it is when it is cancelled, and fails as `stuck` where somebody has jammed it. */
export function createValve(before: ValveState = { position: 0, moving: false, jammed: false }): DeviceModel<ValveState> {
  // What was on its way when its process ended stands where it was.
  let state: ValveState = { ...before, moving: false }
  let way: Way | undefined

  function stop(failure?: MagpieError): void {
    const { end } = way ?? {}
    way = undefined
    if (state.moving) state = { ...state, moving: false }
    end?.(failure)
  }

  function go(next: Way): void {
    stop(new MagpieError("CONFLICT", "another move took its place"))
    if (state.jammed) return next.end?.(stuck())
    way = next
    if (next.to === state.position) stop()
    else state = { ...state, moving: true }
  }

  const stuck = (): MagpieError => commandFailure("stuck", { position: state.position })

  function move(input: unknown, { signal, progress }: Pick<CommandContext, "signal" | "progress">): Promise<{ readonly position: number }> {
    const to = numberIn(fieldsOf(input), "position", 0, 100)
    if (to === undefined) throw new MagpieError("BAD_REQUEST", "position is missing")
    return new Promise((resolve, reject) => {
      function abort(): void {
        // The deadline is for the beginning; one that was begun in time goes on.
        if (isMagpieError(signal.reason) && signal.reason.code === "EXPIRED") return
        stop(signal.reason)
      }
      signal.addEventListener("abort", abort)
      const step = (position: number): void => progress({ position })
      const end = (failure?: MagpieError): void => {
        signal.removeEventListener("abort", abort)
        if (failure === undefined) resolve({ position: state.position })
        else reject(failure)
      }
      go({ to, step, end })
      if (signal.aborted) abort()
    })
  }

  return {
    get state() {
      return state
    },
    handlers: { move },
    controls: {
      jam() {
        state = { ...state, jammed: true }
        if (way !== undefined) stop(stuck())
      },
      free() {
        if (state.jammed) state = { ...state, jammed: false }
      },
    },
    apply(desired) {
      const to = numberIn(desired, "position", 0, 100)
      if (to !== undefined) go({ to })
    },
    advance(elapsedMs) {
      if (way === undefined) return
      const most = (PERCENT_PER_SECOND * elapsedMs) / 1_000
      const left = way.to - state.position
      const position = Math.abs(left) <= most ? way.to : Math.round((state.position + Math.sign(left) * most) * 10) / 10
      state = { ...state, position }
      way.step?.(position)
      if (position === way.to) stop()
    },
  }
}
