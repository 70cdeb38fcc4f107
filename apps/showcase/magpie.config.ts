import { defineConfig, echo } from "@magpie/cli"
import { anonymous, anyOf, contract } from "@magpie/server"
import { demoAgents, type SupportUser, support, supportAuth, supportRules } from "@magpie/support"
import { showcase } from "./src/contract.ts"
import { deviceRules } from "./src/devices/device-rules.ts"
import { createFleet } from "./src/devices/server/fleet.ts"
import { startFeed } from "./src/quotes/feed/start-feed.ts"
import { quoteRules } from "./src/quotes/quote-rules.ts"

const fleet = createFleet<SupportUser>({ role: "visitor", name: "" })

/**
 * What `npm start` serves: the chat, the share quotes, the devices, the support chat under `/support/`, and the guide's echo at
 * `/`. In the chat everybody may talk to everybody; who may do what elsewhere stands in the rules there.
 */
export default defineConfig({
  contract: contract({ ...showcase.channels, ...support.channels }),
  auth: anyOf<SupportUser>(anonymous(), supportAuth({ agents: demoAgents }), fleet.auth),
  static: "dist",
  channels: {
    "chat/:room": { authorize: () => true },
    "typing/:room": { authorize: () => true },
    ...quoteRules,
    ...deviceRules,
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
    server.closed.finally(feed.close).catch(() => {})
    fleet.start(server)
  },
})
