export type { KafkaAdapterOptions, KafkaClientOptions } from "./kafka.ts"
export { kafka } from "./kafka.ts"
export type { KafkaTopicOptions } from "./kafka-topic.ts"
export { kafkaTopic } from "./kafka-topic.ts"
