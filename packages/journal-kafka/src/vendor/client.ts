import type { Admin, BaseOptions, ClusterTopicMetadata, Consumer } from "@platformatic/kafka"

/** Whatever else the vendor's client needs to be let in. */
export type KafkaClientOptions = Pick<BaseOptions, "sasl" | "tls">

export interface ClientOptions {
  readonly brokers: readonly string[]
  readonly client: KafkaClientOptions
}

const CONNECT_MS = 8_000
const REQUEST_MS = 15_000
/** A topic that was made a moment ago is not known everywhere at once. */
const TRIES = 40
const PAUSE_MS = 200

/** What each of our clients is given. They retry nothing: whoever uses them must know what became of each request. */
export function baseOptions({ brokers, client }: ClientOptions): BaseOptions {
  return {
    ...client,
    clientId: "magpie",
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retries: false,
    autocreateTopics: false,
  }
}

export interface TopicToMake {
  readonly topic: string
  readonly partitions: number
  readonly replicas: number
  readonly configs: Readonly<Record<string, string>>
}

/** Makes a topic where it is missing, and waits until its leaders answer for it. Several nodes may do so at once. */
export async function madeTopic(
  admin: Admin,
  asking: Consumer,
  { topic, partitions, replicas, configs }: TopicToMake,
): Promise<ClusterTopicMetadata> {
  if (!(await admin.listTopics()).includes(topic)) {
    const settings = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [topic], partitions, replicas, configs: settings }).catch((cause: unknown) => {
      if (!isError(cause, "TOPIC_ALREADY_EXISTS")) throw cause
    })
  }
  for (let tries = 1; ; tries++) {
    try {
      await asking.listOffsets({ topics: [topic] })
      return await topicOf(admin, topic)
    } catch (cause) {
      if (tries === TRIES) throw cause
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

/** As the cluster says now. */
export async function topicOf(admin: Admin, topic: string): Promise<ClusterTopicMetadata> {
  const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
  const found = topics.get(topic)
  if (found === undefined) throw new Error("the topic is not known")
  return found
}

/** By Kafka's own name of an error, wherever it stands among several. */
export function isError(cause: unknown, id: string): boolean {
  const { findBy } = cause as { findBy?: (property: string, value: unknown) => unknown }
  return typeof findBy === "function" && findBy.call(cause, "apiId", id) !== null
}

/** What fails while it is closed does not matter any more. */
export function closeQuietly(...clients: readonly { close(): Promise<void> }[]): void {
  for (const client of clients) client.close().catch(() => {})
}
