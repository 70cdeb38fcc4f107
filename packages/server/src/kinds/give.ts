import type { Delivery } from "../channel/fan-out.ts"
import type { Connection } from "../session/connection.ts"

/** Hands a delivery to one connection: in the frames that it shares with everybody, or a message a frame for a plain client. */
export function give(connection: Connection, delivery: Delivery, alone: boolean): void {
  if (connection.request.plain) for (const batch of delivery.single()) connection.sendBatch(batch)
  else connection.sendShared(delivery.joined, alone)
}
