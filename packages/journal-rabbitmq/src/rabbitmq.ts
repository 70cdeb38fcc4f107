import { type BrokerAdapter, brokerBus, brokerJournal } from "@magpie/journal"
import { checkUrl, refuse } from "./options.ts"
import type { RabbitMQClientOptions } from "./vendor/connection.ts"
import { rabbitmqBus } from "./vendor/rabbitmq-bus.ts"
import { LEVELS, rabbitmqLog, TRIMS } from "./vendor/rabbitmq-log.ts"

export type { RabbitMQClientOptions }

export interface RabbitMQAdapterOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://` with TLS. */
  readonly url: string
  /** What queues and exchanges begin with, and so names the cluster. Default `magpie`. */
  readonly name?: string
  /** Streams that the log is cut into, the first for what concerns all nodes: 2 to 256, the same for ever. Default 4. */
  readonly partitions?: number
  /** Bytes of a stream beyond which RabbitMQ lets go of the oldest, where it has still to be made. Default: it keeps all. */
  readonly maxBytes?: number
  /** Further options of the client, such as more hosts of the cluster or certificates. */
  readonly client?: RabbitMQClientOptions
  /** How long an append waits for RabbitMQ, in milliseconds. Default 9,000. */
  readonly appendMs?: number
}

/** RabbitMQ streams as a cluster's journal, and a topic exchange as its bus. Fails with INVALID_OPTIONS naming the option. */
export function rabbitmq(options: RabbitMQAdapterOptions): BrokerAdapter {
  const { url, name = "magpie", partitions = 4, maxBytes, client = {}, appendMs } = options
  checkUrl(url)
  if (!/^[\w.-]{1,64}$/.test(name)) refuse("name", "must be 1 to 64 letters, digits, dots, hyphens and underscores")
  if (!Number.isInteger(partitions) || partitions < 2 || partitions > 256) refuse("partitions", "must be a whole number from 2 to 256")
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 1)) refuse("maxBytes", "must be a whole number above 0")
  if (appendMs !== undefined && !(appendMs >= 1)) refuse("appendMs", "must be a number of milliseconds above 0")
  return {
    name: "rabbitmq",
    capabilities: { levels: LEVELS, trims: TRIMS, bus: "pub/sub" },
    openJournal: (env) =>
      brokerJournal({ env, appendMs, broker: rabbitmqLog({ url, name, partitions, maxBytes, client, random: env.random }) }),
    openBus: (env) => brokerBus({ env, broker: rabbitmqBus({ url, name, client }) }),
  }
}
