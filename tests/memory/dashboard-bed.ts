import { anonymous } from "@magpie/server/core"
import { createTestBed, seededRandom } from "@magpie/testing"
import { showcase } from "../../apps/showcase/src/contract.ts"
import { createDashboardFeed, type DashboardFeedOptions } from "../../apps/showcase/src/dashboard/feed/dashboard-feed.ts"
import { createServerFigures } from "../../apps/showcase/src/dashboard/feed/server-figures.ts"
import { createSimulatedLine } from "../../apps/showcase/src/dashboard/feed/simulated-line.ts"
import { createVisitFigures } from "../../apps/showcase/src/dashboard/feed/visit-figures.ts"
import type { BoardName } from "../../apps/showcase/src/dashboard/schemas.ts"
import { showcaseRules } from "../../apps/showcase/src/showcase-rules.ts"

export type DashboardBed = Awaited<ReturnType<typeof createDashboardBed>>

/** The showcase's server with its rules, and a feed that writes what it measures; only the process's load is given. */
export async function createDashboardBed() {
  const bed = await createTestBed(showcase, { auth: anonymous(), rules: showcaseRules })
  const { server, clock } = bed
  const load = { delay: 2, heap: 50_000_000 }
  let storedMs: number | undefined
  const board = (name: BoardName) => ({
    now: server.channel(`dashboard/now/${name}`),
    history: server.channel(`dashboard/history/${name}`),
  })
  const channels = { server: board("server"), visits: board("visits"), line: board("line") }
  const sources: DashboardFeedOptions["sources"] = {
    server: createServerFigures({
      counters: () => server.counters,
      connections: () => server.connections.size,
      load: { delayMs: () => load.delay, heapBytes: () => load.heap },
      storedMs: () => storedMs,
    }),
    visits: createVisitFigures(server.channel("dashboard/visits").presence),
    line: createSimulatedLine(seededRandom(1).float),
  }
  const feedOf = (change: Partial<DashboardFeedOptions> = {}) =>
    createDashboardFeed({
      channels,
      sources,
      clock,
      onStored(ms) {
        storedMs = ms
      },
      ...change,
    })
  return {
    bed,
    channels,
    load,
    feedOf,
    /** What comes of it, as soon as the clock has brought it. */
    async told<T>(promise: Promise<T>): Promise<T> {
      let isOver = false
      const settle = () => {
        isOver = true
      }
      promise.then(settle, settle)
      await clock.until(() => isOver)
      return promise
    },
  }
}
