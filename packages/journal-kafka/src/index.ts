export type { KafkaAdapterOptions, KafkaClientOptions } from "./kafka.ts"
export { kafka } from "./kafka.ts"
