export type { RabbitMQAdapterOptions, RabbitMQClientOptions } from "./rabbitmq.ts"
export { rabbitmq } from "./rabbitmq.ts"
export type { RabbitMQQueueOptions } from "./rabbitmq-queue.ts"
export { rabbitmqQueue } from "./rabbitmq-queue.ts"
