import type { HistoryPage, MessageOf, StreamChannel, SubscriptionState } from "@magpie/client"
import type { MagpieError } from "@magpie/protocol"
import type { AnyChannel } from "./any-channel.ts"
import { createStore, type Store } from "./store.ts"

/** A channel as a component shows it. */
export interface ChannelView<K> {
  /** Without a hole, oldest first. Of a broadcast, what came since the component is there. */
  readonly messages: readonly MessageOf<K>[]
  /** Of the subscription: `live` when what is shown is all that there is. */
  readonly state: SubscriptionState["state"]
  /** Whether the first page of history is there. True at once on a broadcast. */
  readonly loaded: boolean
  /** Whether there are older messages than those shown. */
  readonly hasOlder: boolean
  /** Why the channel or its history cannot be had: FORBIDDEN, CLOSED and others. */
  readonly error: MagpieError | undefined
}

export interface ChannelStore<K> extends Store<ChannelView<K>> {
  /** Resolves when the first page is there or refused; somebody must follow. */
  readonly ready: Promise<void>
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
  let older: Promise<void> | undefined
  let become = (): void => {}
  const ready = new Promise<void>((resolve) => {
    become = resolve
  })

  const store = createStore<ChannelView<K>>(
    { messages: [], state: subscription.state.state, loaded: false, hasOlder: false, error: undefined },
    attach,
  )

  function change(fields: Partial<ChannelView<K>>): void {
    store.set({ ...store.view, ...fields })
  }

  function attach(): () => void {
    try {
      const disposers = [
        channel.onAny(add),
        subscription.on("state", followState),
        // What is shown ends before the gap: it begins anew behind it.
        subscription.on("gap", () => {
          change({ messages: [], loaded: false })
          load()
        }),
      ]
      followState(subscription.state)
      load()
      return () => {
        loading?.abort()
        for (const dispose of disposers) dispose()
      }
    } catch (error) {
      // Listening fails with CLOSED alone.
      settle({ error: error as MagpieError })
      return () => {}
    }
  }

  function settle(fields: Partial<ChannelView<K>>): void {
    change({ ...fields, loaded: true })
    become()
  }

  function followState(state: SubscriptionState): void {
    change({ state: state.state, error: state.state === "refused" ? state.error : undefined })
  }

  function add(message: MessageOf<K>): void {
    const { messages, hasOlder } = store.view
    const next = merge(messages, [message])
    if (next !== messages) change({ messages: next.slice(-keep), hasOlder: hasOlder || next.length > keep })
  }

  /** Asked for behind the subscription on the same link, so that the page and what is live meet. */
  function load(): void {
    loading?.abort()
    const mine = new AbortController()
    loading = mine
    if (channel.kind === "broadcast") return settle({})
    historyOf(channel)
      .history({ limit: last, signal: mine.signal })
      .then(
        (page) => mine === loading && !mine.signal.aborted && take(page),
        (error: MagpieError) => {
          if (mine !== loading || mine.signal.aborted) return
          // Without the contract's value the kind is not known before the first link.
          settle(channel.kind === "broadcast" ? {} : { error })
        },
      )
  }

  function take({ messages: page, more }: HistoryPage<K>): void {
    const { messages, hasOlder } = store.view
    const oldest = page[0]?.offset ?? 0
    const before = messages.filter(({ offset }) => Number(offset) < oldest)
    const shown = merge(page, messages.slice(before.length))
    // What was shown before a long absence may end before the page begins.
    if (before.at(-1)?.offset === oldest - 1) settle({ messages: [...before, ...shown], hasOlder })
    else settle({ messages: shown, hasOlder: more })
  }

  async function pageBefore(before: number): Promise<void> {
    const page = await historyOf(channel).history({ limit: last, before })
    change({ messages: merge(page.messages, store.view.messages), hasOlder: page.more })
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    ready,
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

/** Only a stream has one; a broadcast's server says so. */
function historyOf<K>(channel: AnyChannel<K>): Pick<StreamChannel<K, undefined>, "history"> {
  return channel as StreamChannel<K, undefined>
}

/** Each message once, by its offset; those without one behind. The same array where nothing is new. */
function merge<K>(messages: readonly MessageOf<K>[], more: readonly MessageOf<K>[]): readonly MessageOf<K>[] {
  const known = new Set(messages.map(({ offset }) => offset))
  const fresh = more.filter(({ offset }) => offset === undefined || !known.has(offset))
  if (fresh.length === 0) return messages
  const all = [...messages, ...fresh]
  const newest = messages.at(-1)?.offset
  const isInOrder = fresh.every(({ offset }) => offset === undefined || newest === undefined || offset > newest)
  return isInOrder ? all : all.sort((a, b) => (a.offset ?? Infinity) - (b.offset ?? Infinity))
}
