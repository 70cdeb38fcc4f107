import { defineConfig, echo } from "@magpie/cli"
import { anonymous, anyOf, contract } from "@magpie/server"
import { demoAgents, type SupportUser, support, supportAuth, supportRules } from "@magpie/support"
import { showcase } from "./src/contract.ts"

/**
 * What `npm start` serves: the chat, the support chat under `/support/`, and the guide's echo at `/`. In the chat everybody may
 * talk to everybody; who may do what in the support chat stands in its own rules.
 */
export default defineConfig({
  contract: contract({ ...showcase.channels, ...support.channels }),
  auth: anyOf<SupportUser>(anonymous(), supportAuth({ agents: demoAgents })),
  static: "dist",
  channels: {
    "chat/:room": { authorize: () => true },
    "typing/:room": { authorize: () => true },
    ...supportRules(),
  },
  endpoints: { "/": echo },
})
