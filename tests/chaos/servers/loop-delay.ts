import { monitorEventLoopDelay } from "node:perf_hooks"

/** How much later than due the event loop came to a timer, in milliseconds. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly samples: number
}

const RESOLUTION_MS = 5

/** Watches the event loop of this process; `read` gives what happened since `restart`. */
export function watchLoop(): { restart(): void; read(): LoopDelay } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  // Node records the whole time between two samples, the planned part too.
  const delay = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
  return {
    restart: () => histogram.reset(),
    read: () => ({
      p50: delay(histogram.percentile(50)),
      p99: delay(histogram.percentile(99)),
      max: histogram.count === 0 ? 0 : delay(histogram.max),
      samples: histogram.count,
    }),
  }
}
