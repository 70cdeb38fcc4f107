import type { HistoryPage, MessageOf, SubscriptionState } from "@magpie/client"
import { type MagpieError, toMagpieError } from "@magpie/protocol"
import { merge } from "./merge.ts"
import { type AnyChannel, pageOf } from "./pages.ts"
import { createStore, type Store } from "./store.ts"

/** A channel as a component shows it. */
export interface ChannelView<K> {
  /** Without a hole, oldest first. Of a broadcast, what came since the component is there. */
  readonly messages: readonly MessageOf<K>[]
  /** Of the subscription: `live` when what is shown is all that there is. */
  readonly state: SubscriptionState["state"]
  /** Whether the first page of history is there, or refused. True at once on a broadcast. */
  readonly loaded: boolean
  /** Whether there are older messages than those shown. */
  readonly hasOlder: boolean
  /** Why the channel or its history cannot be had: FORBIDDEN, CLOSED and others. */
  readonly error: MagpieError | undefined
}

export interface ChannelStore<K> extends Store<ChannelView<K>> {
  /** Resolves when there is something to show, also while nobody follows. */
  first(): Promise<void>
  /** Puts the page before the oldest message in front. Does nothing while one is on its way, or where there is none. */
  loadOlder(): Promise<void>
}

export interface ChannelStoreOptions {
  /** Messages of a page of history. */
  readonly last: number
  /** Messages that are kept when newer ones come. */
  readonly keep: number
}

export function createChannelStore<K>(channel: AnyChannel<K>, { last, keep }: ChannelStoreOptions): ChannelStore<K> {
  const { subscription } = channel
  let loading: AbortController | undefined
  let first: Promise<void> | undefined
  let older: Promise<void> | undefined

  const store = createStore<ChannelView<K>>(
    { messages: [], state: subscription.state.state, loaded: false, hasOlder: false, error: undefined },
    attach,
  )

  function change(fields: Partial<ChannelView<K>>): void {
    store.set({ ...store.view, ...fields })
  }

  function attach(): () => void {
    try {
      const disposers = [channel.onAny(add), subscription.on("state", followState), subscription.on("gap", beginAnew)]
      followState(subscription.state)
      void load()
      return () => {
        loading?.abort()
        for (const dispose of disposers) dispose()
      }
    } catch (error) {
      change({ error: toMagpieError(error), loaded: true })
      return () => {}
    }
  }

  function followState(state: SubscriptionState): void {
    change({ state: state.state, error: state.state === "refused" ? state.error : undefined })
  }

  /** What is shown ends before the gap. */
  function beginAnew(): void {
    change({ messages: [], loaded: false })
    void load()
  }

  function add(message: MessageOf<K>): void {
    const { messages, hasOlder } = store.view
    const next = merge(messages, [message])
    if (next !== messages) change({ messages: next.slice(-keep), hasOlder: hasOlder || next.length > keep })
  }

  /** Asked for behind the subscription on the same link, so that the page and what is live meet. */
  async function load(): Promise<void> {
    loading?.abort()
    const mine = new AbortController()
    loading = mine
    if (channel.kind === "broadcast") return change({ loaded: true })
    try {
      const page = await pageOf(channel, { limit: last, signal: mine.signal })
      if (!mine.signal.aborted) take(page)
    } catch (error) {
      if (mine.signal.aborted) return
      // Without the contract's value the kind is not known before the first link.
      const isBroadcast = (channel as AnyChannel<K>).kind === "broadcast"
      change(isBroadcast ? { loaded: true } : { loaded: true, error: toMagpieError(error) })
    }
  }

  function take({ messages: page, more }: HistoryPage<K>): void {
    const { messages, hasOlder } = store.view
    const oldest = page[0]?.offset ?? 0
    const before = messages.filter(({ offset }) => Number(offset) < oldest)
    const shown = merge(page, messages.slice(before.length))
    // What was shown before a long absence may end before the page begins.
    if (before.at(-1)?.offset === oldest - 1) change({ messages: [...before, ...shown], hasOlder, loaded: true })
    else change({ messages: shown, hasOlder: more, loaded: true })
  }

  async function pageBefore(before: number): Promise<void> {
    const page = await pageOf(channel, { limit: last, before })
    change({ messages: merge(page.messages, store.view.messages), hasOlder: page.more })
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    first() {
      first ??= load()
      return first
    },
    async loadOlder() {
      const before = store.view.messages[0]?.offset
      if (!store.view.hasOlder || before === undefined) return
      older ??= pageBefore(before).finally(() => {
        older = undefined
      })
      await older
    },
  }
}
