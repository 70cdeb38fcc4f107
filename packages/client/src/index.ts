// For everyone.
export type {
  BroadcastChannel,
  ChannelOfKind,
  CommandChannel,
  DocumentChannel,
  GapNotice,
  HistoryOptions,
  HistoryPage,
  IterateOptions,
  MessageOf,
  Receipt,
  Received,
  SendOptions,
  StreamChannel,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
  SubscriptionState,
  TableChannel,
} from "./channel.ts"
export type { Client, ClientEvents, ClientStatistics } from "./client.ts"
export { connect } from "./connect.ts"
// For tests and other transports.
export type { ClientEnvironment, Signals } from "./environment/environment.ts"
export type { BackoffOptions, ConnectOptions } from "./options.ts"
export type { Status, StatusChange, StatusName } from "./status.ts"
export { webSocketTransport } from "./transport/default-transport.ts"
export type { Link, LinkEvents, Transport } from "./transport/transport.ts"
