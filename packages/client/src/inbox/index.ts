export { type Inbox, type InboxOptions, inbox } from "./inbox.ts"
export type { KeptChannel, KeptChannelEvents, KeptChannelOptions, KeptReceived } from "./kept-channel.ts"
