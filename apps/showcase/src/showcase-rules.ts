import { dashboardRules } from "./dashboard/dashboard-rules.ts"
import { deviceRules } from "./devices/device-rules.ts"
import { quoteRules } from "./quotes/quote-rules.ts"

/** Who may do what. In the chat everybody may talk to everybody; of the other applications each has rules of its own. */
export const showcaseRules = {
  "chat/:room": { authorize: () => true },
  "typing/:room": { authorize: () => true },
  ...quoteRules,
  ...dashboardRules,
  ...deviceRules,
}
