import type { Connection } from "../session/connection.ts"
import type { Delivery } from "./delivery.ts"

/** Hands a delivery to one connection: in the frames that it shares with all of its codec, or a message a frame for a plain client. */
export function give(connection: Connection, delivery: Delivery, alone: boolean): void {
  const { joined, single } = delivery.in(connection.codec)
  if (connection.request.plain) for (const batch of single()) connection.sendBatch(batch)
  else connection.sendShared(joined, alone)
}
