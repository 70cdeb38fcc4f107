import { MagpieError, type Random } from "@magpie/protocol"
import type { Channel, Connection } from "rabbitmq-client"
import { AMQPChannelError } from "rabbitmq-client"

const TRIES = 80
const PAUSE_MS = 100
const LIFE_BYTES = 10
const NOT_PERSISTENT = false

export interface LifeOptions {
  readonly name: string
  readonly partitions: number
  readonly random: Random
}

/**
 * Names the life of the broker, which says nothing of its own. A message that is not persistent in a durable queue lasts until
 * the broker starts anew: whoever finds none puts a new name there. One connection at a time looks, which a queue of its own
 * sees to. The queue's bound is the number of partitions, and a queue with another bound is refused: a channel's partition
 * follows from their number.
 */
export async function lifeOf(connection: Connection, options: LifeOptions): Promise<string> {
  const lock = `${options.name}.journal.lock`
  for (let tries = 1; ; tries++) {
    const channel = await connection.acquire()
    try {
      await channel.queueDeclare({ queue: lock, exclusive: true, autoDelete: true, durable: false })
      const life = await lookedUp(channel, options)
      await channel.queueDelete(lock)
      await channel.close()
      return life
    } catch (cause) {
      if (!isCode(cause, "RESOURCE_LOCKED") || tries === TRIES) throw cause
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

async function lookedUp(channel: Channel, { name, partitions, random }: LifeOptions): Promise<string> {
  const queue = `${name}.journal.life`
  try {
    await channel.queueDeclare({ queue, durable: true, arguments: { "x-max-length": partitions } })
  } catch (cause) {
    if (!isCode(cause, "PRECONDITION_FAILED")) throw cause
    throw new MagpieError("INVALID_OPTIONS", `partitions: the log ${name} was made with another number of them`, {
      details: { option: "partitions" },
      cause,
    })
  }
  const found = await channel.basicGet({ queue })
  if (found !== undefined) {
    channel.basicNack({ deliveryTag: found.deliveryTag, requeue: true })
    return String(found.body)
  }
  await channel.confirmSelect()
  const life = Buffer.from(random.bytes(LIFE_BYTES)).toString("hex")
  await channel.basicPublish({ routingKey: queue, durable: NOT_PERSISTENT }, Buffer.from(life))
  return life
}

/** By the name that AMQP gives an error which closed a channel. */
export function isCode(cause: unknown, code: string): boolean {
  return cause instanceof AMQPChannelError && cause.code === code
}
