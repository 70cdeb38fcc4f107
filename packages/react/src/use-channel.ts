import type { MagpieError } from "@magpie/protocol"
import { useEffect } from "react"
import type { AnyChannel } from "./any-channel.ts"
import { type ChannelStore, type ChannelView, createChannelStore } from "./channel-store.ts"
import { createMemory } from "./remembered.ts"
import { useStore } from "./use-store.ts"

export type { ChannelView } from "./channel-store.ts"

export interface UseChannelOptions {
  /** Messages of the first page, and of each older one. Default 50. */
  readonly last?: number
  /** Messages that are kept when newer ones come. Default 1,000. */
  readonly keep?: number
  /** Suspends until the first page is there, and throws what refuses it to the error boundary. Default false. */
  readonly suspense?: boolean
}

const stores = createMemory<ChannelStore<never>>()

/**
 * The messages of a channel, the newest page and what comes, for as long as the component is there. Components that show the same
 * channel with the same numbers share one view, which stands still while none of them is there.
 */
export function useChannel<K>(
  channel: AnyChannel<K>,
  { last = 50, keep = 1_000, suspense = false }: UseChannelOptions = {},
): ChannelView<K> & Pick<ChannelStore<K>, "loadOlder"> {
  const make = (): ChannelStore<K> => createChannelStore(channel, { last, keep })
  const store = stores(channel, `${last}/${keep}`, make as () => ChannelStore<never>) as ChannelStore<K>
  if (suspense) suspend(store)
  const view = useStore(store)
  return { ...view, loadOlder: store.loadOlder }
}
