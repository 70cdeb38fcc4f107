import { defineConfig, echo } from "@magpie/cli"
import { anonymous, anyOf, contract } from "@magpie/server"
import { demoAgents, type SupportUser, support, supportAuth, supportRules } from "@magpie/support"
import { showcase } from "./src/contract.ts"
import { dashboardRules } from "./src/dashboard/dashboard-rules.ts"
import { startDashboard } from "./src/dashboard/feed/start-dashboard.ts"
import type { BoardName } from "./src/dashboard/schemas.ts"
import { startFeed } from "./src/quotes/feed/start-feed.ts"
import { quoteRules } from "./src/quotes/quote-rules.ts"

/**
 * What `npm start` serves: the chat, the share quotes, the dashboard, the support chat under `/support/`, and the guide's echo at `/`.
 * In the chat everybody may talk to everybody; who may do what in the other applications stands in their own rules.
 */
export default defineConfig({
  contract: contract({ ...showcase.channels, ...support.channels }),
  auth: anyOf<SupportUser>(anonymous(), supportAuth({ agents: demoAgents })),
  static: "dist",
  channels: {
    "chat/:room": { authorize: () => true },
    "typing/:room": { authorize: () => true },
    ...quoteRules,
    ...dashboardRules,
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
