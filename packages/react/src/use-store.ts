import { useSyncExternalStore } from "react"
import type { Store } from "./store.ts"

/** The store's view, now and after each change. On a server it is the first one. */
export function useStore<View>(store: Store<View>): View {
  const view = (): View => store.view
  return useSyncExternalStore(store.subscribe, view, view)
}
