import type { PatternName } from "@magpie/protocol"
import type { ChannelRules, User } from "@magpie/server"
import type { showcase } from "../contract.ts"
import { isBoard } from "./schemas.ts"

type Dashboards = Extract<PatternName<typeof showcase>, `dashboard/${string}`>

/** Everybody may look, and say that they are here; who else is here is told to nobody, only how many. The server alone writes. */
export const dashboardRules: { readonly [P in Dashboards]: ChannelRules<typeof showcase, P, User> } = {
  "dashboard/now/:board": { authorize: ({ action, params }) => isBoard(params.board) && action === "subscribe" },
  "dashboard/history/:board": {
    authorize: ({ action, params }) => isBoard(params.board) && (action === "subscribe" || action === "history"),
  },
  "dashboard/visits": { authorize: ({ action }) => action === "enter" },
}
