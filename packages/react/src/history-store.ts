import type { MessageOf, StreamChannel } from "@magpie/client"
import { type MagpieError, toMagpieError } from "@magpie/protocol"
import { merge } from "./merge.ts"
import { pageOf } from "./pages.ts"
import { createStore, type Store } from "./store.ts"

/** What a stream held, as far as it was read. */
export interface HistoryView<K> {
  /** Without a hole, oldest first. */
  readonly messages: readonly MessageOf<K>[]
  /** Whether the first page is there, or refused. */
  readonly loaded: boolean
  readonly hasOlder: boolean
  /** Why the last page could not be had. */
  readonly error: MagpieError | undefined
}

export interface HistoryStore<K> extends Store<HistoryView<K>> {
  /** Resolves when there is something to show, also while nobody follows. */
  first(): Promise<void>
  /** Puts the next older page in front; the first one where that could not be had. Does nothing while one is on its way. */
  loadOlder(): Promise<void>
}

/** Reads each page once, the first when somebody follows. What comes later is not its matter. */
export function createHistoryStore<K>(channel: StreamChannel<K, undefined>, limit: number): HistoryStore<K> {
  let loading: Promise<void> | undefined
  const store = createStore<HistoryView<K>>({ messages: [], loaded: false, hasOlder: true, error: undefined }, () => {
    if (!store.view.loaded) void loadOlder()
    return () => {}
  })

  async function read(): Promise<void> {
    const before = store.view.messages[0]?.offset
    try {
      const page = await pageOf(channel, { limit, ...(before === undefined ? undefined : { before }) })
      const messages = merge(page.messages, store.view.messages)
      store.set({ messages, loaded: true, hasOlder: page.more, error: undefined })
    } catch (error) {
      store.set({ ...store.view, loaded: true, error: toMagpieError(error) })
    }
  }

  function loadOlder(): Promise<void> {
    if (!store.view.hasOlder) return Promise.resolve()
    loading ??= read().finally(() => {
      loading = undefined
    })
    return loading
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    first: loadOlder,
    loadOlder,
  }
}
