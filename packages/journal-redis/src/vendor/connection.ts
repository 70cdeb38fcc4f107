import { Redis, type RedisOptions } from "ioredis"

const CONNECT_MS = 8_000

/** One connection that is never made again by itself: whoever uses it must know that it was another one. */
export function createConnection(url: string, options: RedisOptions, commandTimeout?: number): Redis {
  const connection = new Redis(url, {
    connectTimeout: CONNECT_MS,
    ...options,
    protocol: 2,
    replyMapping: "legacy",
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    ...(commandTimeout === undefined ? {} : { commandTimeout }),
  })
  // What fails is told by the command that failed, or by `end`.
  connection.on("error", () => {})
  return connection
}

/** Connects, or leaves nothing behind. `onEnd` is called when the connection is over. */
export async function opened(connection: Redis, onEnd: (cause?: unknown) => void): Promise<Redis> {
  try {
    await connection.connect()
  } catch (cause) {
    connection.disconnect()
    throw cause
  }
  connection.on("end", () => onEnd())
  return connection
}
