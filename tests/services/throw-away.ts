import { jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { Admin } from "@platformatic/kafka"
import { Redis } from "ioredis"
import { Connection } from "rabbitmq-client"

/** What an operator may do to a log by mistake, with each vendor's own client. */
export async function flushRedis(port: number): Promise<void> {
  const redis = new Redis(port, "127.0.0.1")
  await redis.flushall()
  redis.disconnect()
}

export async function deleteNatsStreams(port: number, name: string): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` })
  const manager = await jetstreamManager(connection)
  for await (const stream of manager.streams.names()) if (stream.startsWith(`${name}-`)) await manager.streams.delete(stream)
  await connection.close()
}

export async function deleteRabbitMQStreams(port: number, name: string): Promise<void> {
  const connection = new Connection(`amqp://guest:guest@127.0.0.1:${port}`)
  for (const partition of [0, 1]) await connection.queueDelete(`${name}.journal.${partition}`)
  await connection.close()
}

export async function deleteKafkaTopic(port: number, name: string): Promise<void> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [`127.0.0.1:${port}`] })
  await admin.deleteTopics({ topics: [`${name}.journal`] })
  await admin.close()
}
