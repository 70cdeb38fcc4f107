import { createHash } from "node:crypto"
import type { BusBroker } from "@magpie/journal"
import { opened, type RabbitMQClientOptions } from "./connection.ts"

export interface RabbitMQBusOptions {
  readonly url: string
  readonly name: string
  readonly client: RabbitMQClientOptions
}

const SUBJECT_HEADER = "magpie-subject"
/** What may wait in this process for a slow RabbitMQ; more is lost, as anything on a bus may be. */
const MAX_WAITING_BYTES = 16_777_216

/** Subjects may be longer than AMQP's keys, and hold what is a wildcard there. */
const keyOf = (subject: string): string => createHash("sha256").update(subject).digest("base64url")

/** A bus by a topic exchange that lasts no longer than its broker: each node has a queue of its own, bound by subject. */
export function rabbitmqBus({ url, name, client }: RabbitMQBusOptions): BusBroker {
  const exchange = `${name}.bus`
  return {
    name: "rabbitmq-bus",
    async connect(hear, onLost) {
      const connection = await opened(url, client, onLost)
      try {
        const [speaking, hearing] = [await connection.acquire(), await connection.acquire()]
        for (const channel of [speaking, hearing]) channel.on("close", () => onLost())
        await hearing.exchangeDeclare({ exchange, type: "topic", durable: false })
        const { queue } = await hearing.queueDeclare({ exclusive: true, autoDelete: true, durable: false })
        hearing.on("basic.cancel", (_tag, cause) => onLost(cause))
        await hearing.basicConsume({ queue, noAck: true }, ({ headers, body }) => hear(String(headers?.[SUBJECT_HEADER]), body))
        let waiting = 0
        return {
          publish(subject, message) {
            if (waiting + message.length > MAX_WAITING_BYTES) return
            waiting += message.length
            const sent = (): void => {
              waiting -= message.length
            }
            const envelope = { exchange, routingKey: keyOf(subject), headers: { [SUBJECT_HEADER]: subject } }
            speaking.basicPublish(envelope, Buffer.from(message)).then(sent, sent)
          },
          subscribe: (subject) => void hearing.queueBind({ exchange, queue, routingKey: keyOf(subject) }).catch(onLost),
          unsubscribe: (subject) => void hearing.queueUnbind({ exchange, queue, routingKey: keyOf(subject) }).catch(onLost),
          close: async () => connection.unsafeDestroy(),
        }
      } catch (cause) {
        connection.unsafeDestroy()
        throw cause
      }
    },
  }
}
