import type { HistoryPage, MessageOf, Received, StreamChannel, SubscriptionState } from "@magpie/client"
import { type ChangeFollower, followChanges } from "@magpie/client/changes"
import type { Inbox, KeptChannel } from "@magpie/client/inbox"
import { type MagpieError, type Position, toMagpieError } from "@magpie/protocol"
import { merge } from "./merge.ts"
import { type AnyChannel, pageOf } from "./pages.ts"
import { createStore, type Store } from "./store.ts"
import { createWaiting, type Waiting } from "./suspend.ts"

/** A channel as a component shows it. */
export interface ChannelView<K> {
  /** Without a hole, oldest first. Of a broadcast, what came since the component is there. */
  readonly messages: readonly MessageOf<K>[]
  /** Of the subscription: `live` when what is shown is all that there is. */
  readonly state: SubscriptionState["state"]
  /** Whether the first page of history is there, what an inbox has, or a refusal. True at once on a broadcast. */
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
  readonly inbox: Inbox | undefined
}

export function createChannelStore<K>(channel: AnyChannel<K>, { last, keep, inbox }: ChannelStoreOptions): ChannelStore<K> {
  const { subscription } = channel
  let loading: AbortController | undefined
  let older: Promise<void> | undefined
  /** Where the page was read, and behind where messages come. */
  let pageEnd: Position | undefined
  let liveFrom: Position | undefined
  /** The log of what is shown, and what of it was there before somebody followed again. */
  let epoch: string | undefined
  let earlier: ReadonlySet<MessageOf<K>> = new Set()
  /** How far it had come when nobody followed any more. */
  let left: Position | undefined
  let follower: ChangeFollower | undefined
  /** For those who wait until there is something to show. */
  let ready: Waiting | undefined
  /** What the device keeps of the channel, from when somebody asks; whoever listens before it is ready would be in its way. */
  let kept: KeptChannel<K> | undefined
  let isKeptReady = inbox === undefined

  const store = createStore<ChannelView<K>>(
    { messages: [], state: subscription.state.state, loaded: false, hasOlder: false, error: undefined },
    attach,
  )

  function change(fields: Partial<ChannelView<K>>): void {
    store.set({ ...store.view, ...fields })
    if (!store.view.loaded) return
    ready?.resolve()
    ready = undefined
  }

  function attach(): () => void {
    if (isKeptReady) return follow()
    let isGone = false
    let stop = (): void => {}
    void fromDevice().then(() => {
      if (!isGone) stop = follow()
    })
    return () => {
      isGone = true
      stop()
    }
  }

  async function fromDevice(): Promise<void> {
    try {
      kept ??= inbox?.channel(channel as StreamChannel<K, undefined>, { keep: last })
      await kept?.ready
    } catch (error) {
      change({ error: toMagpieError(error), loaded: true })
    }
    isKeptReady = true
  }

  function follow(): () => void {
    pageEnd = liveFrom = undefined
    earlier = new Set(store.view.messages)
    try {
      const changes = followChanges(channel as StreamChannel<never, undefined>, { find, replace, remove })
      follower = changes
      const disposers = [channel.onAny(add), subscription.on("state", followState), subscription.on("gap", beginAnew), changes.stop]
      if (kept) disposers.push(kept.on("clear", beginAnew))
      followState(subscription.state)
      void load()
      return () => {
        if (!ready) loading?.abort()
        left = subscription.position
        for (const dispose of disposers) dispose()
      }
    } catch (error) {
      change({ error: toMagpieError(error), loaded: true })
      return () => {}
    }
  }

  function followState(state: SubscriptionState): void {
    change({ state: state.state, error: state.state === "refused" ? state.error : undefined })
    if (state.state === "live") liveFrom ??= subscription.position
    meet()
  }

  /** A page that was asked for while there was no link may have been read before the subscription began. */
  function meet(): void {
    if (liveFrom && pageEnd && liveFrom.epoch === pageEnd.epoch && liveFrom.offset > pageEnd.offset) void load()
  }

  /** What is shown ends before the gap. */
  function beginAnew(): void {
    liveFrom = subscription.position
    epoch = undefined
    change({ messages: [], loaded: false })
    void load()
  }

  function add(message: MessageOf<K>): void {
    const { messages, hasOlder } = store.view
    const next = merge(messages, [message])
    if (next !== messages) change({ messages: next.slice(-keep), hasOlder: hasOlder || next.length > keep })
  }

  function find(offset: number): MessageOf<K> | undefined {
    return store.view.messages.find((message) => message.offset === offset)
  }

  /** What is left of a deleted message has no data that could be shown. */
  function replace(next: Received): void {
    if (next.name === "$deleted") return remove(Number(next.offset))
    // It is a later state of a message of this channel.
    change({ messages: store.view.messages.map((message) => (message.offset === next.offset ? (next as MessageOf<K>) : message)) })
  }

  function remove(offset: number): void {
    change({ messages: store.view.messages.filter((message) => message.offset !== offset) })
  }

  async function load(): Promise<void> {
    loading?.abort()
    pageEnd = undefined
    const mine = new AbortController()
    loading = mine
    if (channel.kind === "broadcast") return change({ loaded: true })
    await (isKeptReady || fromDevice())
    if (mine.signal.aborted || takeKept()) return
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

  /** Whether the device has something: that is the page, and where there is no link yet what came since comes behind it. */
  function takeKept(): boolean {
    const messages = (kept?.messages ?? []) as readonly MessageOf<K>[]
    const { position, state } = subscription
    const more = Number(messages[0]?.offset) > 1
    if (messages.length === 0) return false
    if (state.state === "live" && position !== undefined) take({ messages, more, position })
    else change({ messages, hasOlder: more, loaded: true })
    return true
  }

  function take({ messages: page, more, position }: Pick<HistoryPage<K>, "messages" | "more" | "position">): void {
    const { hasOlder } = store.view
    const isSameLog = epoch === undefined || epoch === position.epoch
    const messages = store.view.messages.filter((message) => isSameLog || !earlier.has(message))
    epoch = position.epoch
    const oldest = page[0]?.offset ?? 0
    const before = messages.filter((message) => Number(message.offset) < oldest && (!earlier.has(message) || !wasChanged(page, position)))
    const inPage = new Set(page.map(({ offset }) => offset))
    // What the page lacks was deleted since.
    const beside = messages.filter(({ offset }) => offset === undefined || offset > position.offset || inPage.has(offset))
    const shown = merge(page, beside)
    // What was shown before a long absence may end before the page begins.
    if (before.at(-1)?.offset === oldest - 1) change({ messages: [...before, ...shown], hasOlder, loaded: true })
    else change({ messages: shown, hasOlder: more, loaded: true })
    follower?.check(store.view.messages)
    pageEnd = position
    meet()
  }

  /** Whether anything but new messages came while nobody followed: what changed then may be older than the page. */
  function wasChanged(page: readonly MessageOf<K>[], position: Position): boolean {
    const reached = left?.epoch === position.epoch ? left.offset : 0
    return page.filter(({ offset }) => Number(offset) > reached).length < position.offset - reached
  }

  async function pageBefore(oldest: MessageOf<K>, before: number): Promise<void> {
    const page = await pageOf(channel, { limit: last, before })
    // After a gap it would not end where what is shown begins.
    if (store.view.messages[0] === oldest) change({ messages: merge(page.messages, store.view.messages), hasOlder: page.more })
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    first() {
      ready ??= createWaiting()
      if (!loading || loading.signal.aborted) void load()
      return ready.promise
    },
    async loadOlder() {
      const [oldest] = store.view.messages
      if (!store.view.hasOlder || oldest?.offset === undefined) return
      older ??= pageBefore(oldest, oldest.offset).finally(() => {
        older = undefined
      })
      await older
    },
  }
}
