import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node"

const CONNECT_MS = 8_000
const PING_MS = 5_000

/** One connection that is never made again by itself: whoever uses it must know that it was another one. */
export async function opened(
  servers: readonly string[],
  options: NodeConnectionOptions,
  onLost: (cause?: unknown) => void,
): Promise<NatsConnection> {
  const connection = await connect({
    pingInterval: PING_MS,
    timeout: CONNECT_MS,
    ...options,
    servers: [...servers],
    reconnect: false,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
  })
  void connection.closed().then((cause) => onLost(cause ?? undefined))
  return connection
}
