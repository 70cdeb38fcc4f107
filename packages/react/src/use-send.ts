import type { StreamChannel } from "@magpie/client"
import { useMemo } from "react"
import { createSendStore, type OpenSend, type Send } from "./send-store.ts"
import { useStore } from "./use-store.ts"

export type { OpenSend, Send } from "./send-store.ts"

/** How messages of one component are doing. */
export interface UseSend<K> {
  /** As the channel's `send`, and the same function as long as the channel is. */
  readonly send: Send<K>
  /** What is on its way or was rejected, oldest first. */
  readonly open: readonly OpenSend<K>[]
}

/** Sends on a stream and shows how each message is doing. A component that goes takes nothing back: its messages are still sent. */
export function useSend<K>(channel: StreamChannel<K, undefined>): UseSend<K> {
  const store = useMemo(() => createSendStore(channel), [channel])
  return { send: store.send, open: useStore(store) }
}
