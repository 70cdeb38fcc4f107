import type { Store } from "@magpie/frame/store"
import type { Board } from "./open-board.ts"

/** A board follows a table and a stream. */
const CHANNELS = 2

/** How many channels the boards that are live follow. */
export const liveChannels = (boards: readonly Board[]): Store<number> =>
  overStates(boards, () => CHANNELS * boards.filter(({ state }) => state.get() === "live").length)

/** Whether each board knows its past, or cannot have it. */
export const isSettled = (boards: readonly Board[]): Store<boolean> =>
  overStates(boards, () => boards.every(({ state }) => state.get() !== "loading"))

function overStates<T>(boards: readonly Board[], get: () => T): Store<T> {
  return {
    get,
    subscribe(listener) {
      const stops = boards.map(({ state }) => state.subscribe(listener))
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}
