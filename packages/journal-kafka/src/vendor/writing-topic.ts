import type { NeighbourRecord, NeighbourWriting } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { ProduceAcks, Producer } from "@platformatic/kafka"
import { baseOptions, type ClientOptions, closeQuietly, isError } from "./client.ts"

export interface WriteTopicOptions extends ClientOptions {
  readonly topic: string
  readonly onLost: (cause?: unknown) => void
}

/**
 * Writes to a topic; the key decides about the partition. After a failure it is not known what landed, so whoever uses it throws
 * it away, and the producer's numbers with it.
 */
export async function writeTopic(options: WriteTopicOptions): Promise<NeighbourWriting> {
  const { topic, onLost } = options
  const producer = new Producer({ ...baseOptions(options), idempotent: true, acks: ProduceAcks.ALL })
  try {
    await producer.initIdempotentProducer({})
  } catch (cause) {
    closeQuietly(producer)
    throw cause
  }
  producer.on("client:broker:disconnect", () => onLost())
  return {
    async send(records) {
      try {
        await producer.send({ messages: records.map((record) => messageOf(topic, record)) })
      } catch (cause) {
        if (!isError(cause, "MESSAGE_TOO_LARGE") && !isError(cause, "RECORD_LIST_TOO_LARGE")) throw cause
        throw new MagpieError("TOO_LARGE", `the topic ${topic} takes no record of this size`, { cause })
      }
    },
    close: async () => closeQuietly(producer),
  }
}

function messageOf(topic: string, { key, value, headers }: NeighbourRecord) {
  return {
    topic,
    ...(key === undefined ? undefined : { key: Buffer.from(key) }),
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
  }
}
