import { createStore, type Store } from "@magpie/frame/store"

/** How busy this page's main thread is, as the browser itself reports it. */
export interface MainThread {
  /** Tasks of more than 50 ms since the page of quotes was opened; undefined where the browser does not report them. */
  readonly longTasks: number | undefined
  readonly longestMs: number
}

export interface MainThreadWatch {
  readonly mainThread: Store<MainThread>
  close(): void
}

export function watchMainThread(): MainThreadWatch {
  const isReported = PerformanceObserver.supportedEntryTypes.includes("longtask")
  const mainThread = createStore<MainThread>({ longTasks: isReported ? 0 : undefined, longestMs: 0 })
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      mainThread.update(({ longTasks = 0, longestMs }) => ({ longTasks: longTasks + 1, longestMs: Math.max(longestMs, duration) }))
    }
  })
  if (isReported) observer.observe({ type: "longtask" })
  return { mainThread, close: () => observer.disconnect() }
}
