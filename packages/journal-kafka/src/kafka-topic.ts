import type { Neighbour } from "@magpie/journal"
import { checkKafka, refuse } from "./options.ts"
import type { KafkaClientOptions } from "./vendor/client.ts"
import { readTopic } from "./vendor/reading-topic.ts"
import { writeTopic } from "./vendor/writing-topic.ts"

export interface KafkaTopicOptions {
  /** `host:9092`, one or several of the same cluster. */
  readonly brokers: readonly string[]
  /** A topic that is there. */
  readonly topic: string
  /**
   * Under which Kafka keeps how far it was read. Nobody else may use it: partitions are not shared with other consumers of a group.
   * Default `magpie`.
   */
  readonly group?: string
  /** Where reading begins for a group that has not read it yet: with its oldest record, or with what comes from now on. Default "oldest". */
  readonly start?: "oldest" | "newest"
  /** `sasl` and `tls` of the client. */
  readonly client?: KafkaClientOptions
}

/** A topic in a Kafka of somebody else's, to read with an ingress or to write with an egress. Fails with INVALID_OPTIONS naming the option. */
export function kafkaTopic({ brokers, topic, group = "magpie", start = "oldest", client = {} }: KafkaTopicOptions): Neighbour {
  checkKafka(brokers)
  if (typeof topic !== "string" || !/^[\w.-]{1,249}$/.test(topic))
    refuse("topic", "must be 1 to 249 letters, digits, dots, hyphens and underscores")
  if (typeof group !== "string" || group === "" || group.length > 255) refuse("group", "must be 1 to 255 characters")
  if (start !== "oldest" && start !== "newest") refuse("start", 'must be "oldest" or "newest"')
  return {
    name: `kafka:${topic}`,
    read: (onLost) => readTopic({ brokers, client, topic, group, start, onLost }),
    write: (onLost) => writeTopic({ brokers, client, topic, onLost }),
  }
}
