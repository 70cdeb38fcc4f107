import type { Neighbour } from "@magpie/journal"
import { checkUrl, refuse } from "./options.ts"
import type { RabbitMQClientOptions } from "./vendor/connection.ts"
import { readQueue } from "./vendor/reading-queue.ts"
import { writeQueue } from "./vendor/writing-queue.ts"

export interface RabbitMQQueueOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://` with TLS. */
  readonly url: string
  /** A queue that is there, classic or quorum. */
  readonly queue: string
  /** The header that holds a message's key. Default: its routing key. */
  readonly keyHeader?: string
  /** Messages on their way that are not settled yet: 1 to 10,000. Default 256. */
  readonly prefetch?: number
  /** Further options of the client, such as more hosts of the cluster or certificates. */
  readonly client?: RabbitMQClientOptions
}

/** A queue in a RabbitMQ of somebody else's, to read with an ingress or to write with an egress. Fails with INVALID_OPTIONS naming the option. */
export function rabbitmqQueue({ url, queue, keyHeader, prefetch = 256, client = {} }: RabbitMQQueueOptions): Neighbour {
  checkUrl(url)
  if (typeof queue !== "string" || queue === "" || Buffer.byteLength(queue) > 255) refuse("queue", "must be 1 to 255 bytes")
  if (keyHeader !== undefined && (typeof keyHeader !== "string" || keyHeader === "")) refuse("keyHeader", "must be the name of a header")
  if (!Number.isInteger(prefetch) || prefetch < 1 || prefetch > 10_000) refuse("prefetch", "must be a whole number from 1 to 10,000")
  return {
    name: `rabbitmq:${queue}`,
    read: (onLost) => readQueue({ url, client, queue, keyHeader, prefetch, onLost }),
    write: (onLost) => writeQueue({ url, client, queue, keyHeader, onLost }),
  }
}
