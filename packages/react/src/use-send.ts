import type { StreamChannel } from "@magpie/client"
import { useMemo } from "react"
import { createSendStore, type Send, type Sends } from "./send-store.ts"
import { useStore } from "./use-store.ts"

export type { OpenSend, Send, SendView } from "./send-store.ts"

/** How messages of one component are doing. */
export interface UseSend<K> extends Sends<K> {
  /** As the channel's `send`, and the same function as long as the channel is. */
  readonly send: Send<K>
}

/**
 * Sends on a stream and shows how each message is doing: `pending`, then `confirmed`, `rejected` or `expired`; with a persistent
 * outbox also `sent`, once it has left. A component that goes takes nothing back: its messages are still sent.
 */
export function useSend<K>(channel: StreamChannel<K, undefined>): UseSend<K> {
  const store = useMemo(() => createSendStore(channel), [channel])
  return { send: store.send, ...useStore(store) }
}
