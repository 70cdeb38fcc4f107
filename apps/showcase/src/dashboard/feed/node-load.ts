import { monitorEventLoopDelay } from "node:perf_hooks"
import { getHeapStatistics } from "node:v8"
import type { ProcessLoad } from "./server-figures.ts"

/** How often the event loop is asked how late it is; what is reported is how much later than that. */
const RESOLUTION_MS = 20
const NANOSECONDS_A_MS = 1e6

/** Measures this process, until it is closed. */
export function nodeLoad(): ProcessLoad {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  return {
    delayMs() {
      const lateMs = delay.count === 0 ? 0 : delay.percentile(99) / NANOSECONDS_A_MS - RESOLUTION_MS
      delay.reset()
      return Math.max(0, lateMs)
    },
    heapBytes() {
      const { used_heap_size, external_memory } = getHeapStatistics()
      return used_heap_size + external_memory
    },
    close: () => delay.disable(),
  }
}
