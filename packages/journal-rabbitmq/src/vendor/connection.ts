import { Connection, type ConnectionOptions } from "rabbitmq-client"

/** Whatever else the vendor's client needs to find its broker and be let in. */
export type RabbitMQClientOptions = Pick<ConnectionOptions, "hosts" | "tls" | "username" | "password" | "vhost" | "connectionName">

const CONNECT_MS = 8_000
const HEARTBEAT_SECONDS = 10

/** One connection that is thrown away when it breaks: whoever uses it must know that the next is another one. */
export async function opened(url: string, client: RabbitMQClientOptions, onLost: (cause?: unknown) => void): Promise<Connection> {
  const connection = new Connection({
    ...client,
    url,
    connectionTimeout: CONNECT_MS,
    acquireTimeout: CONNECT_MS,
    heartbeat: HEARTBEAT_SECONDS,
  })
  return new Promise((resolve, reject) => {
    connection.on("error", (cause: unknown) => {
      // It would connect again by itself.
      connection.unsafeDestroy()
      reject(cause)
      onLost(cause)
    })
    connection.once("connection", () => resolve(connection))
  })
}
