export { type Support, support } from "./contract.ts"
export { demoAgents } from "./demo-agents.ts"
export { type Agent, type SupportUser, supportAuth } from "./server/support-auth.ts"
export { type SupportRulesOptions, supportRules } from "./server/support-rules.ts"
