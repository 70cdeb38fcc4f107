import { defineConfig } from "@magpie/cli"
import { demoAgents, support, supportAuth, supportRules } from "./src/index.ts"

/** The support chat alone. Give real agents keys of their own before anybody else can reach it. */
export default defineConfig({
  contract: support,
  auth: supportAuth({ agents: demoAgents }),
  channels: supportRules(),
  static: "dist",
})
