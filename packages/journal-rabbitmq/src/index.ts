export type { RabbitMQAdapterOptions, RabbitMQClientOptions } from "./rabbitmq.ts"
export { rabbitmq } from "./rabbitmq.ts"
