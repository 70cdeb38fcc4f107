// For everyone.

// For tests and other places to keep things in.
export type { Changes, Lane, Lanes } from "../lanes/lanes.ts"
export { memoryLanes } from "../lanes/memory-lanes.ts"
export type { KeptMessage, SendState } from "./kept-message.ts"
export { type PersistentOptions, type PersistentOutbox, persistent } from "./persistent.ts"
