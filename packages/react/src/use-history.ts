import type { StreamChannel } from "@magpie/client"
import { createHistoryStore, type HistoryStore, type HistoryView } from "./history-store.ts"
import { createMemory } from "./remembered.ts"
import { suspendUntil } from "./suspend.ts"
import { useStore } from "./use-store.ts"

export type { HistoryView } from "./history-store.ts"

export interface UseHistoryOptions {
  /** Messages of a page. Default 50. */
  readonly limit?: number
  /** Suspends until the first page is there, or refused, which `error` says. Default false. */
  readonly suspense?: boolean
}

const stores = createMemory<HistoryStore<never>>()

/**
 * What a stream held when it was first asked for, page by page, without following it. For what also comes, `useChannel`.
 * Components that ask the same channel for pages of one size share what was read.
 */
export function useHistory<K>(
  channel: StreamChannel<K, undefined>,
  { limit = 50, suspense = false }: UseHistoryOptions = {},
): HistoryView<K> & Pick<HistoryStore<K>, "loadOlder"> {
  const make = (): HistoryStore<K> => createHistoryStore(channel, limit)
  // What a channel's messages are is known by the channel alone.
  const store = stores(channel, String(limit), make as unknown as () => HistoryStore<never>) as unknown as HistoryStore<K>
  if (suspense) suspendUntil(store.view.loaded, store.first)
  return { ...useStore(store), loadOlder: store.loadOlder }
}
