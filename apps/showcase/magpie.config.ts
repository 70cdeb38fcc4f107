import { defineConfig, echo } from "@magpie/cli"
import { anonymous, anyOf, contract } from "@magpie/server"
import { demoAgents, type SupportUser, support, supportAuth, supportRules } from "@magpie/support"
import { showcase } from "./src/contract.ts"
import { startDashboard } from "./src/dashboard/feed/start-dashboard.ts"
import type { BoardName } from "./src/dashboard/schemas.ts"
import { createFleet } from "./src/devices/server/fleet.ts"
import { startFeed } from "./src/quotes/feed/start-feed.ts"
import { showcaseRules } from "./src/showcase-rules.ts"

const fleet = createFleet<SupportUser>({ role: "visitor", name: "" })

/**
 * What `npm start` serves: the chat, the share quotes, the dashboard, the devices, the support chat under `/support/`, and the guide's
 * echo at `/`.
 */
export default defineConfig({
  contract: contract({ ...showcase.channels, ...support.channels }),
  auth: anyOf<SupportUser>(anonymous(), supportAuth({ agents: demoAgents }), fleet.auth),
  static: "dist",
  channels: {
    ...showcaseRules,
    ...supportRules(),
  },
  endpoints: { "/": echo },
  setup(server) {
    const feed = startFeed({
      quotes: server.channel("quotes"),
      wanted: server.channel("quotes/wanted"),
      replay: server.channel("quotes/replay"),
      book: (symbol) => server.channel(`quotes/book/${symbol}`),
      bars: (symbol) => server.channel(`quotes/bars/${symbol}`),
    })
    fleet.start(server)
    const board = (name: BoardName) => ({
      now: server.channel(`dashboard/now/${name}`),
      history: server.channel(`dashboard/history/${name}`),
    })
    const dashboard = startDashboard({
      channels: { server: board("server"), visits: board("visits"), line: board("line") },
      visitors: server.channel("dashboard/visits").presence,
      counters: () => server.counters,
      connections: () => server.connections.size,
    })
    server.closed
      .finally(() => {
        feed.close()
        dashboard.close()
      })
      .catch(() => {})
  },
})
