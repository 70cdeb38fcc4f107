import type { BusBroker } from "@magpie/journal"
import { Admin, Consumer, ListOffsetTimestamps, ProduceAcks, Producer } from "@platformatic/kafka"
import { baseOptions, type ClientOptions, closeQuietly, madeTopic } from "./client.ts"
import { topicReader } from "./topic-reader.ts"

export interface KafkaBusOptions extends ClientOptions {
  readonly name: string
  readonly replicas: number
}

/** Kafka has nothing that it does not keep; this it keeps for a minute. */
const CONFIGS = { "cleanup.policy": "delete", "retention.ms": "60000", "segment.ms": "60000", "segment.bytes": "16777216" }
/** What may wait in this process for a slow Kafka; more is lost, as anything on a bus may be. */
const MAX_WAITING_BYTES = 16_777_216

/** A bus by a short-lived topic, which each node reads whole from the moment that it connects; a record's key is its subject. */
export function kafkaBus({ brokers, name, replicas, client }: KafkaBusOptions): BusBroker {
  const topic = `${name}.bus`
  const options = { brokers, client }
  return {
    name: "kafka-bus",
    async connect(hear, onLost) {
      const admin = new Admin(baseOptions(options))
      const asking = new Consumer({ ...baseOptions(options), groupId: "magpie" })
      const producer = new Producer({ ...baseOptions(options), acks: ProduceAcks.LEADER })
      try {
        const { id: topicId, partitions } = await madeTopic(admin, asking, { topic, partitions: 1, replicas, configs: CONFIGS })
        const { leader = -1, leaderEpoch = -1 } = partitions[0] ?? {}
        const offsets = await asking.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST })
        const from = offsets.get(topic)?.[0] ?? 0n
        const reader = topicReader({ ...options, topicId, partition: 0, leader, leaderEpoch, from, onStop: () => {} })
        void follow(reader.next, hear).catch(onLost)
        return {
          ...publisher(producer, topic, onLost),
          subscribe: () => {},
          unsubscribe: () => {},
          async close() {
            reader.stop()
            closeQuietly(producer)
          },
        }
      } catch (cause) {
        closeQuietly(producer)
        throw cause
      } finally {
        closeQuietly(admin, asking)
      }
    },
  }
}

type Records = Awaited<ReturnType<ReturnType<typeof topicReader>["next"]>>

/** Ends when the reader is stopped. */
async function follow(next: () => Promise<Records>, hear: (subject: string, message: Uint8Array) => void): Promise<void> {
  for (let records = await next(); records.length > 0; records = await next()) {
    for (const { key, record } of records) hear(Buffer.from(key ?? []).toString(), record)
  }
}

/** What is published while a request is under way shares the next one. */
function publisher(producer: Producer, topic: string, onLost: (cause: unknown) => void) {
  let waiting: { readonly topic: string; readonly partition: number; readonly key: Buffer; readonly value: Buffer }[] = []
  let bytes = 0
  let sending = false
  const send = async (): Promise<void> => {
    sending = true
    while (waiting.length > 0) {
      const messages = waiting
      waiting = []
      bytes = 0
      await producer.send({ messages })
    }
    sending = false
  }
  return {
    publish(subject: string, message: Uint8Array): void {
      if (bytes + message.length > MAX_WAITING_BYTES) return
      bytes += message.length
      waiting.push({ topic, partition: 0, key: Buffer.from(subject), value: Buffer.from(message) })
      if (!sending) send().catch(onLost)
    },
  }
}
