import type { SourceText } from "@magpie/frame"
import roomSource from "../chat/chat-room.ts?raw"
import connectionSource from "../connection/open-connection.ts?raw"
import contractSource from "../contract.ts?raw"
import alertSource from "../dashboard/alerts/alerts.ts?raw"
import openBoardSource from "../dashboard/board/open-board.ts?raw"
import dashboardRulesSource from "../dashboard/dashboard-rules.ts?raw"
import dashboardSchemaSource from "../dashboard/schemas.ts?raw"
import visitSource from "../dashboard/visits/tell-visit.ts?raw"
import deviceChannelsSource from "../devices/channels.ts?raw"
import deviceRulesSource from "../devices/device-rules.ts?raw"
import callsSource from "../devices/fleet/calls.ts?raw"
import fleetDeskSource from "../devices/fleet/fleet-desk.ts?raw"
import type { Dictionary } from "../language/english.ts"
import barSource from "../quotes/chart/bar-history.ts?raw"
import boardSource from "../quotes/list/quote-board.ts?raw"
import rulesSource from "../quotes/quote-rules.ts?raw"
import schemaSource from "../quotes/schemas.ts?raw"
import type { Route } from "../route.ts"

/** What the drawer shows beside each application. */
export function sourceFiles({ code }: Dictionary): Readonly<Record<Route["app"], readonly SourceText[]>> {
  const contract = { path: "src/contract.ts", about: code.contract, source: contractSource }
  const connection = { path: "src/connection/open-connection.ts", about: code.connection, source: connectionSource }
  return {
    chat: [contract, connection, { path: "src/chat/chat-room.ts", about: code.room, source: roomSource }],
    quotes: [
      contract,
      { path: "src/quotes/schemas.ts", about: code.quoteSchemas, source: schemaSource },
      { path: "src/quotes/list/quote-board.ts", about: code.quoteBoard, source: boardSource },
      { path: "src/quotes/chart/bar-history.ts", about: code.barHistory, source: barSource },
      { path: "src/quotes/quote-rules.ts", about: code.quoteRules, source: rulesSource },
      connection,
    ],
    devices: [
      contract,
      { path: "src/devices/channels.ts", about: code.deviceChannels, source: deviceChannelsSource },
      { path: "src/devices/fleet/fleet-desk.ts", about: code.fleetDesk, source: fleetDeskSource },
      { path: "src/devices/fleet/calls.ts", about: code.calls, source: callsSource },
      { path: "src/devices/device-rules.ts", about: code.deviceRules, source: deviceRulesSource },
      connection,
    ],
    dashboard: [
      contract,
      { path: "src/dashboard/schemas.ts", about: code.dashboardSchemas, source: dashboardSchemaSource },
      { path: "src/dashboard/board/open-board.ts", about: code.board, source: openBoardSource },
      { path: "src/dashboard/visits/tell-visit.ts", about: code.tellVisit, source: visitSource },
      { path: "src/dashboard/alerts/alerts.ts", about: code.alerts, source: alertSource },
      { path: "src/dashboard/dashboard-rules.ts", about: code.dashboardRules, source: dashboardRulesSource },
      connection,
    ],
  }
}
