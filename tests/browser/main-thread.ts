import type { Browser, Page } from "playwright-core"

/** What the main thread of a page did meanwhile. */
export interface MainThread {
  readonly tasks: number
  readonly cpuMsPerSecond: number
  readonly longestCpuMs: number
  /** Tasks that computed for more than 50 ms. */
  readonly longByCpu: number
  /** Tasks of more than 50 ms by the clock: also those that waited for a core. */
  readonly longByClock: number
}

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

const LONG_MS = 50

/** Looks at a page for so long. Processor time is what the page costs, however busy the machine is. */
export async function watchMainThread(browser: Browser, page: Page, ms: number): Promise<MainThread> {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] })
  await page.waitForTimeout(ms)
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] }
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}/${tid}`
  const mainThreads = new Set(
    traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain").map(threadOf),
  )
  const byThread = new Map<string, TraceEvent[]>()
  const tasksOf = (thread: string) => {
    const known = byThread.get(thread) ?? []
    byThread.set(thread, known)
    return known
  }
  for (const event of traceEvents) {
    const thread = threadOf(event)
    if (event.ph === "X" && event.name === "RunTask" && mainThreads.has(thread)) tasksOf(thread).push(event)
  }
  // Chromium keeps a renderer in reserve, which does nothing.
  const [tasks = []] = [...byThread.values()].sort((a, b) => b.length - a.length)
  const cpu = tasks.map(({ tdur = 0 }) => tdur / 1_000)
  return {
    tasks: tasks.length,
    cpuMsPerSecond: Math.round((cpu.reduce((sum, each) => sum + each, 0) / ms) * 1_000),
    longestCpuMs: Math.round(Math.max(0, ...cpu)),
    longByCpu: cpu.filter((each) => each > LONG_MS).length,
    longByClock: tasks.filter(({ dur = 0 }) => dur / 1_000 > LONG_MS).length,
  }
}
