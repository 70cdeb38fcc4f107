import { nodeEnv } from "@magpie/server"
import { createDashboardFeed, type DashboardFeed } from "./dashboard-feed.ts"
import { nodeLoad } from "./node-load.ts"
import type { DashboardChannels, Source, Visitors } from "./ports.ts"
import { createServerFigures, type ServerFiguresOptions } from "./server-figures.ts"
import { createSimulatedLine } from "./simulated-line.ts"
import { createVisitFigures } from "./visit-figures.ts"

export interface StartDashboardOptions extends Pick<ServerFiguresOptions, "counters" | "connections"> {
  readonly channels: DashboardChannels
  readonly visitors: Visitors
  /** Where the factory line's readings come from. Default: it is simulated here. */
  readonly line?: Source
}

/** Begins to measure and write into a server's channels. The caller closes it. */
export function startDashboard({ channels, visitors, counters, connections, line }: StartDashboardOptions): DashboardFeed {
  const { clock, random } = nodeEnv(() => {})
  const load = nodeLoad()
  let storedMs: number | undefined
  const feed = createDashboardFeed({
    channels,
    sources: {
      server: createServerFigures({ counters, connections, load, storedMs: () => storedMs }),
      visits: createVisitFigures(visitors),
      line: line ?? createSimulatedLine(random.float),
    },
    clock,
    onStored(ms) {
      storedMs = ms
    },
  })
  return {
    close() {
      feed.close()
      load.close()
    },
  }
}
