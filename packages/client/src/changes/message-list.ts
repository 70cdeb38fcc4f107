import { type Changed, type MagpieError, toMagpieError } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { MessageOf, Received, StreamChannel, SubscriptionState } from "../channel.ts"
import { extend } from "../extension.ts"
import type { Inbox } from "../inbox/inbox.ts"
import type { KeptChannel } from "../inbox/kept-channel.ts"
import { createListeners } from "../listeners.ts"
import { versionOf } from "./apply-change.ts"
import { type ChangeFollower, followChanges } from "./follow-changes.ts"

/** What is left of a message that was deleted: where it was, whose, and when. */
export type DeletedMessage = Received<"$deleted", { readonly name: string }> & { readonly changed: Changed }

export type ListedMessage<K> = MessageOf<K> | DeletedMessage

export interface MessageListOptions {
  /** Newest messages to begin with. Default 50. */
  readonly last?: number
  /** Messages that are held; the oldest leave first. Default 1,000. */
  readonly keep?: number
  /**
   * Begins with what this device has, before there is a link; then the server is asked only for what came since, changes
   * included. Of what was deleted nothing is kept: such a list shows what is deleted from then on. Give it before anybody else
   * listens to that stream.
   */
  readonly inbox?: Inbox
}

/** The newest messages of a stream, each as it is now. */
export interface MessageList<K> {
  /** Oldest first, without a hole. Another array after each change, and the same objects where they did not change. */
  readonly messages: readonly ListedMessage<K>[]
  /** Whether the server has answered; until then there is only what an inbox has. */
  readonly loaded: boolean
  /** Whether history goes on before the first of them. */
  readonly hasOlder: boolean
  /** Why it could not be read last; undefined once it could. */
  readonly error: MagpieError | undefined
  /** Called after each change of anything that can be read here. Returns the disposer. */
  on(event: "update", listener: () => void): () => void
  /** Puts the page before the first message in front, beyond `keep`. */
  loadOlder(): Promise<void>
  /** Ends it; what can be read here stays as it is. Idempotent. */
  close(): void
}

/**
 * Follows a stream and holds its newest messages as they are now: edited, appended to, deleted, reacted to [G3, G4]. After a gap it
 * begins anew. Fails with BAD_REQUEST on what is no channel of a client.
 */
export function messageList<K>(
  channel: StreamChannel<K, undefined>,
  { last = 50, keep = 1_000, inbox }: MessageListOptions = {},
): MessageList<K> {
  for (const [field, value] of Object.entries({ last, keep }))
    if (!Number.isSafeInteger(value) || value < 1) throw badField(field, "must be a whole number of at least 1", "INVALID_OPTIONS")
  const { name, subscription, request, read, onError, follow, schedule } = extend(channel)
  const listeners = createListeners<void>(onError, name)
  const held = new Map<number, Received>()
  let messages: readonly Received[] | undefined
  let state = { loaded: false, hasOlder: false, error: undefined as MagpieError | undefined }
  let loading = new AbortController()
  let older: Promise<void> | undefined
  /** Whether the first page was asked for. */
  let begun = false
  const wait = schedule.createWait()
  const kept = inbox?.channel(channel, { keep: last })
  let follower: ChangeFollower | undefined

  function update(changed: Partial<typeof state> = {}): void {
    state = { ...state, ...changed }
    messages = undefined
    listeners.emit()
  }

  function put(more: readonly Received[]): void {
    for (const message of more) {
      const before = held.get(Number(message.offset))
      if (before === undefined || versionOf(before) < versionOf(message)) held.set(Number(message.offset), message)
    }
    update()
  }

  function sorted(): readonly Received[] {
    messages ??= [...held.values()].sort((a, b) => Number(a.offset) - Number(b.offset))
    return messages
  }

  function onMessage(message: Received): void {
    held.set(Number(message.offset), message)
    messages = undefined
    const { length } = sorted()
    for (const old of sorted().slice(0, Math.max(0, length - keep))) held.delete(Number(old.offset))
    update(length > keep ? { hasOlder: true } : undefined)
  }

  async function readPage(before: number | undefined, signal: AbortSignal): Promise<void> {
    const asked = subscription.position
    const message = { type: "history", channel: name, limit: last, before } as const
    const reply = await request(message, "history", { repeat: true, signal })
    // A node may answer that is behind what another one has told. What it lacks nobody tells again.
    if (asked?.epoch === reply.position.epoch && reply.position.offset < asked.offset) return void wait.again(load, undefined)
    const found = reply.messages.map(read).filter((each) => each !== undefined)
    wait.failures = 0
    put(found)
    update({ loaded: true, hasOlder: reply.more, error: undefined })
    follower?.check(found)
  }

  function attempt(before: number | undefined): Promise<void> {
    const { signal } = loading
    return readPage(before, signal).catch((thrown) => {
      if (signal.aborted) return
      const error = toMagpieError(thrown)
      update({ loaded: true, error })
      // Without the first page there is a hole; an older one is asked for again by whoever wants it.
      if (before === undefined && error.retryable) wait.again(load, error.retryAfterMs)
    })
  }

  function load(): void {
    loading.abort()
    loading = new AbortController()
    void attempt(undefined)
  }

  function beginAnew(): void {
    held.clear()
    update({ loaded: false })
    load()
  }

  /** The page is asked for when messages come already, so that nothing lies between the two. */
  function onState({ state: name }: SubscriptionState): void {
    const { state: now } = subscription
    if (name === "live" && !begun) {
      begun = true
      // What the device has ends where the subscription began.
      const oldest = kept?.messages[0]?.offset
      if (oldest === undefined) load()
      else update({ loaded: true, hasOlder: oldest > 1, error: undefined })
    }
    if (now.state === "refused") update({ loaded: true, error: now.error })
  }

  const disposers = [follow({}, { close: () => close() })]
  let isClosed = false

  function begin(): void {
    follower = followChanges(channel as StreamChannel<never, undefined>, {
      find: (offset) => held.get(offset),
      replace: (message) => put([message]),
      remove(offset) {
        held.delete(offset)
        update()
      },
    })
    disposers.push(
      follower.stop,
      channel.onAny((message) => onMessage(message as Received)),
      // One that was deleted before this client was told of it.
      channel.on("$deleted" as never, onMessage as never),
      subscription.on("state", onState),
      subscription.on("gap", beginAnew),
    )
    onState(subscription.state)
  }

  /** Whoever listened before the inbox has asked for what came since would ask for what comes from now on. */
  async function paint(from: KeptChannel<K>): Promise<void> {
    await from.ready
    if (isClosed) return
    put(from.messages as readonly Received[])
    disposers.push(from.on("clear", beginAnew))
    begin()
  }

  if (kept === undefined) begin()
  else paint(kept).catch((thrown) => update({ loaded: true, error: toMagpieError(thrown) }))

  function close(): void {
    isClosed = true
    loading.abort()
    wait.cancel()
    for (const dispose of disposers.splice(0)) dispose()
    listeners.clear()
  }

  return {
    // The contract is a type here; the objects have what each message has.
    get messages() {
      return sorted() as readonly ListedMessage<K>[]
    },
    get loaded() {
      return state.loaded
    },
    get hasOlder() {
      return state.hasOlder
    },
    get error() {
      return state.error
    },
    on: (_event, listener) => listeners.add(listener),
    async loadOlder() {
      const oldest = sorted()[0]?.offset
      if (!state.hasOlder || oldest === undefined) return
      older ??= attempt(oldest).finally(() => {
        older = undefined
      })
      await older
    },
    close,
  }
}
