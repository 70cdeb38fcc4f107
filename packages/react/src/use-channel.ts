import type { Inbox } from "@magpie/client/inbox"
import { type ChannelStore, type ChannelView, createChannelStore } from "./channel-store.ts"
import type { AnyChannel } from "./pages.ts"
import { createMemory } from "./remembered.ts"
import { suspendUntil } from "./suspend.ts"
import { useStore } from "./use-store.ts"

export type { ChannelView } from "./channel-store.ts"

export interface UseChannelOptions {
  /** Messages of the first page, and of each older one. Default 50. */
  readonly last?: number
  /** Messages that are kept when newer ones come. Default 1,000. */
  readonly keep?: number
  /** Suspends until the first page is there, or refused, which `error` says. Default false. */
  readonly suspense?: boolean
  /**
   * Of a stream: begins with what this device has, before there is a link; then the server is asked only for what came since.
   * `state` is `live` when that is there too. Give it before anybody else listens to that stream.
   */
  readonly inbox?: Inbox
}

const stores = createMemory<ChannelStore<never>>()

/**
 * The messages of a channel, the newest page and what comes, for as long as the component is there [G3, G4]: after a gap it begins
 * anew behind it. Components that show the same channel with the same numbers share one view, which stands still while none of
 * them is there.
 */
export function useChannel<K>(
  channel: AnyChannel<K>,
  { last = 50, keep = 1_000, suspense = false, inbox }: UseChannelOptions = {},
): ChannelView<K> & Pick<ChannelStore<K>, "loadOlder"> {
  const make = (): ChannelStore<K> => createChannelStore(channel, { last, keep, inbox })
  // What a channel's messages are is known by the channel alone.
  const store = stores(
    channel,
    `${last}/${keep}${inbox === undefined ? "" : "/inbox"}`,
    make as unknown as () => ChannelStore<never>,
  ) as unknown as ChannelStore<K>
  if (suspense) suspendUntil(store.view.loaded, store.first)
  return { ...useStore(store), loadOlder: store.loadOlder }
}
