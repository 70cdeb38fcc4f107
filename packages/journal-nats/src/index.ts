export type { NatsAdapterOptions } from "./nats.ts"
export { nats } from "./nats.ts"
