import type { StateInput, WatchMode } from "@magpie/protocol"
import { useEffect, useMemo } from "react"
import type { ChannelWithPresence } from "./pages.ts"
import { createPresenceStore, type PresenceView } from "./presence-store.ts"
import { useStore } from "./use-store.ts"

export type { PresenceView } from "./presence-store.ts"

export interface UsePresenceOptions<K> {
  /** Be present with it while the component is there. A state of the same content, as JSON, is the same. */
  readonly state?: StateInput<K> | undefined
  /** As the option of `presence`. Default `"all"`. */
  readonly watch?: WatchMode | false
}

/**
 * Who is on a channel, and being there oneself. `members` is one object that changes; `version` says that it has. A component that
 * goes and comes back in the same moment, as in StrictMode, is not seen to leave.
 */
export function usePresence<K>(channel: ChannelWithPresence<K>, { state, watch = "all" }: UsePresenceOptions<K> = {}): PresenceView<K> {
  const store = useMemo(() => createPresenceStore(channel, watch), [channel, watch])
  const text = state === undefined ? undefined : JSON.stringify(state)
  useEffect(() => store.show(text === undefined ? undefined : JSON.parse(text)), [store, text])
  return useStore(store)
}
