import type { GivenRecord, NeighbourReading } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { AsyncMessage } from "rabbitmq-client"
import { opened, type RabbitMQClientOptions } from "./connection.ts"

export interface ReadQueueOptions {
  readonly url: string
  readonly client: RabbitMQClientOptions
  readonly queue: string
  readonly keyHeader: string | undefined
  readonly prefetch: number
  readonly onLost: (cause?: unknown) => void
}

/**
 * Reads a queue as its only consumer, since two would mix the order of what they are given. RabbitMQ gives again what was not
 * acknowledged; an acknowledgement itself is not answered.
 */
export async function readQueue({ url, client, queue, keyHeader, prefetch, onLost }: ReadQueueOptions): Promise<NeighbourReading> {
  const connection = await opened(url, client, onLost)
  let waiting: AsyncMessage[] = []
  let given: number | undefined
  let isOver = false
  let wake = (): void => {}
  const end = (cause?: unknown): void => {
    if (isOver) return
    isOver = true
    wake()
    onLost(cause)
  }
  try {
    await connection.queueDeclare({ queue, passive: true })
    const channel = await connection.acquire()
    channel.on("close", () => end())
    channel.on("basic.cancel", (_tag, cause) => end(cause))
    await channel.basicQos({ prefetchCount: prefetch })
    await channel.basicConsume({ queue, exclusive: true }, (message) => {
      waiting.push(message)
      wake()
    })
    return {
      lanes: [
        {
          missing: 0,
          async next() {
            while (waiting.length === 0 && !isOver) {
              await new Promise<void>((resolve) => {
                wake = resolve
              })
            }
            const messages = waiting
            waiting = []
            given = messages.at(-1)?.deliveryTag ?? given
            return isOver ? [] : messages.map((message) => givenOf(message, keyHeader))
          },
          async settle() {
            if (isOver || !channel.active) throw new MagpieError("UNAVAILABLE", "the connection to RabbitMQ was lost")
            if (given !== undefined) channel.basicAck({ deliveryTag: given, multiple: true })
            given = undefined
          },
        },
      ],
      async close() {
        isOver = true
        wake()
        connection.unsafeDestroy()
      },
    }
  } catch (cause) {
    connection.unsafeDestroy()
    throw cause
  }
}

function givenOf({ body, headers = {}, messageId, routingKey, timestamp }: AsyncMessage, keyHeader: string | undefined): GivenRecord {
  const told = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value)]))
  return {
    id: messageId === "" ? undefined : messageId,
    key: keyHeader === undefined ? routingKey : told[keyHeader],
    // The client has parsed what said of itself that it is JSON or text.
    value: Buffer.isBuffer(body) ? body : Buffer.from(textOf(body)),
    headers: told,
    at: timestamp === undefined ? undefined : timestamp * 1_000,
  }
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}
