import { type BrokerAdapter, brokerBus, brokerJournal } from "@magpie/journal"
import { checkKafka, refuse } from "./options.ts"
import type { KafkaClientOptions } from "./vendor/client.ts"
import { kafkaBus } from "./vendor/kafka-bus.ts"
import { kafkaLog, LEVELS, TRIMS } from "./vendor/kafka-log.ts"

export type { KafkaClientOptions }

export interface KafkaAdapterOptions {
  /** `host:9092`, one or several of the same cluster. */
  readonly brokers: readonly string[]
  /** What topics begin with, and so names the cluster. Default `magpie`. */
  readonly name?: string
  /** Partitions of the topic, the first for what concerns all nodes: 2 to 256, the same for ever. Default 4. */
  readonly partitions?: number
  /** Copies of the topic, where it has still to be made; from 3 on, two must have a record before it is acknowledged. Default 1. */
  readonly replicas?: number
  /** `sasl` and `tls` of the client. */
  readonly client?: KafkaClientOptions
  /** How long an append waits for Kafka, in milliseconds. Default 9,000. */
  readonly appendMs?: number
}

/** Kafka as a cluster's journal, and a short-lived topic of it as the bus. Fails with INVALID_OPTIONS naming the option. */
export function kafka(options: KafkaAdapterOptions): BrokerAdapter {
  const { brokers, name = "magpie", partitions = 4, replicas = 1, client = {}, appendMs } = options
  checkKafka(brokers)
  if (!/^[\w.-]{1,64}$/.test(name)) refuse("name", "must be 1 to 64 letters, digits, dots, hyphens and underscores")
  if (!Number.isInteger(partitions) || partitions < 2 || partitions > 256) refuse("partitions", "must be a whole number from 2 to 256")
  if (!Number.isInteger(replicas) || replicas < 1) refuse("replicas", "must be a whole number from 1")
  if (appendMs !== undefined && !(appendMs >= 1)) refuse("appendMs", "must be a number of milliseconds above 0")
  return {
    name: "kafka",
    capabilities: { levels: LEVELS, trims: TRIMS, bus: "log" },
    openJournal: (env) => brokerJournal({ env, appendMs, broker: kafkaLog({ brokers, name, partitions, replicas, client }) }),
    openBus: (env) => brokerBus({ env, broker: kafkaBus({ brokers, name, replicas, client }) }),
  }
}
