import { monitorEventLoopDelay } from "node:perf_hooks"
import { getHeapStatistics } from "node:v8"
import type { LoadMeter } from "../flow/overload.ts"

/** How often the event loop is asked how late it is, in milliseconds; what is reported is how much later than that. */
const RESOLUTION_MS = 20
const NANOSECONDS_A_MS = 1e6

/** What this process carries: the event loop's delay, and its heap with what hangs on it, of the heap's limit. */
export function nodeLoad(): LoadMeter {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  let measuring = false
  return {
    lagMs() {
      if (!measuring) {
        measuring = true
        delay.enable()
        return 0
      }
      // Without a sample there is no mean.
      const lagMs = delay.count === 0 ? 0 : delay.mean / NANOSECONDS_A_MS - RESOLUTION_MS
      delay.reset()
      return Math.max(0, lagMs)
    },
    memoryPercent() {
      const { used_heap_size, external_memory, heap_size_limit } = getHeapStatistics()
      return ((used_heap_size + external_memory) / heap_size_limit) * 100
    },
    rest() {
      measuring = false
      delay.disable()
      delay.reset()
    },
  }
}
