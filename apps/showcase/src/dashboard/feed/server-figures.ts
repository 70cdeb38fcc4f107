import { rounded } from "./board-writer.ts"
import type { Source } from "./ports.ts"

/** What the process carries. */
export interface ProcessLoad {
  /** The 99th percentile of how late the event loop was since it was asked last, in milliseconds. */
  delayMs(): number
  /** The heap, and what hangs on it. */
  heapBytes(): number
  close(): void
}

export interface ServerFiguresOptions {
  /** As the server counts. */
  readonly counters: () => Readonly<Record<string, number>>
  readonly connections: () => number
  readonly load: Pick<ProcessLoad, "delayMs" | "heapBytes">
  /** How long the log took last; undefined before it was written. */
  readonly storedMs: () => number | undefined
}

/** The server's own figures: what it counts itself, and what its process carries. */
export function createServerFigures({ counters, connections, load, storedMs }: ServerFiguresOptions): Source {
  let before = counters()
  return (elapsedMs) => {
    const now = counters()
    const perSecond = (name: string) => Math.round((((now[name] ?? 0) - (before[name] ?? 0)) * 1_000) / Math.max(1, elapsedMs))
    const figures = {
      connections: connections(),
      in: perSecond("messagesIn"),
      out: perSecond("messagesOut"),
      delay: rounded(load.delayMs()),
      heap: rounded(load.heapBytes() / 1_000_000),
    }
    before = now
    const log = storedMs()
    return log === undefined ? figures : { ...figures, log: rounded(log) }
  }
}
