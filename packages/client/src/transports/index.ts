// For everyone.
export type { FallbackOptions } from "./fallback.ts"
export { fallback } from "./fallback.ts"
// For tests and other worlds.
export type { HttpClient, HttpEvents, HttpRequest, TransportWorld } from "./http-client.ts"
export { longPoll } from "./long-poll.ts"
export type { TransportMemory } from "./memory.ts"
export type { NamedTransport } from "./named-transport.ts"
export { sse } from "./sse.ts"
export { webSocket } from "./web-socket.ts"
