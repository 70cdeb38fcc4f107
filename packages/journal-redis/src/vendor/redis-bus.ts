import type { BusBroker } from "@magpie/journal"
import type { RedisOptions } from "ioredis"
import { createConnection, opened } from "./connection.ts"

export interface RedisBusOptions {
  readonly url: string
  readonly name: string
  readonly client: RedisOptions
}

/** What may wait in this process for a slow Redis; more is lost, as anything on a bus may be. */
const MAX_WAITING_BYTES = 16_777_216
const PING_MS = 5_000
const PONG_MS = 10_000

/** A bus by Redis pub/sub: a channel a subject. One connection hears, the other speaks. */
export function redisBus({ url, name, client }: RedisBusOptions): BusBroker {
  const prefix = `${name}:bus:`
  return {
    name: "redis-bus",
    async connect(hear, onLost) {
      const speaking = await opened(createConnection(url, client, PONG_MS), onLost)
      const hearing = await opened(createConnection(url, client, PONG_MS), onLost).catch((cause: unknown) => {
        speaking.disconnect()
        throw cause
      })
      hearing.on("messageBuffer", (channel: Buffer, message: Buffer) => hear(channel.toString().slice(prefix.length), message))
      // A line that died in silence is noticed by asking.
      const ping = setInterval(() => {
        for (const connection of [speaking, hearing]) connection.ping().catch(onLost)
      }, PING_MS)
      let waiting = 0
      return {
        publish(subject, message) {
          const bytes = message.length + subject.length
          if (waiting + bytes > MAX_WAITING_BYTES) return
          waiting += bytes
          const sent = (): void => {
            waiting -= bytes
          }
          const payload = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
          speaking.publish(prefix + subject, payload).then(sent, sent)
        },
        subscribe: (subject) => void hearing.subscribe(prefix + subject).catch(onLost),
        unsubscribe: (subject) => void hearing.unsubscribe(prefix + subject).catch(onLost),
        async close() {
          clearInterval(ping)
          speaking.disconnect()
          hearing.disconnect()
        },
      }
    },
  }
}
