import type { BrokerAdapter } from "@magpie/journal"
import { kafka } from "@magpie/journal-kafka"
import { nats } from "@magpie/journal-nats"
import { rabbitmq } from "@magpie/journal-rabbitmq"
import { redis } from "@magpie/journal-redis"

/** Where a way to the broker leads, and what those who take it must be told to connect to. */
export interface Way {
  readonly port: number
  readonly relayPort: number
}

interface Broker {
  readonly title: string
  /** What a node is given to reach it. */
  adapter(port: number, name: string): BrokerAdapter
  /** Of one that tells its clients where to connect: each way has a listener of its own. */
  settings?(ways: readonly Way[]): Readonly<Record<string, string>>
}

export const BROKERS: Readonly<Record<string, Broker>> = {
  redis: { title: "Redis", adapter: (port, name) => redis({ url: `redis://127.0.0.1:${port}`, name, partitions: 2 }) },
  nats: { title: "NATS", adapter: (port, name) => nats({ servers: `127.0.0.1:${port}`, name, partitions: 2 }) },
  rabbitmq: {
    title: "RabbitMQ",
    adapter: (port, name) => rabbitmq({ url: `amqp://guest:guest@127.0.0.1:${port}`, name, partitions: 2 }),
  },
  kafka: {
    title: "Kafka",
    adapter: (port, name) => kafka({ brokers: [`127.0.0.1:${port}`], name, partitions: 2 }),
    settings: (ways) => ({
      listeners: ways.map(({ port }, index) => `WAY${index}://127.0.0.1:${port}`).join(),
      "advertised.listeners": ways.map(({ relayPort }, index) => `WAY${index}://127.0.0.1:${relayPort}`).join(),
      "listener.security.protocol.map": [
        "PLAINTEXT:PLAINTEXT",
        "CONTROLLER:PLAINTEXT",
        ...ways.map((_, index) => `WAY${index}:PLAINTEXT`),
      ].join(),
    }),
  },
}
