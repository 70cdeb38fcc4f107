import type { MagpieError, Message, MessageName, MessageOutput, Position, StoredMessage } from "@magpie/protocol"
import { applyChange, type ChangeMessage } from "../changes/apply-change.ts"
import type { Received, StreamChannel, SubscriptionState } from "../channel.ts"
import { extend } from "../extension.ts"
import type { Changes } from "../lanes/lanes.ts"
import { createListeners, type ListenersOf } from "../listeners.ts"
import { messageKey, positionKey, readChannelRows } from "./channel-rows.ts"

/** A message, and whether it comes from this device or from the server. */
export type KeptReceived<K> = { [N in MessageName<K>]: Received<N, MessageOutput<K, N>> & { readonly cached: boolean } }[MessageName<K>]

export interface KeptChannelEvents<K> {
  message: KeptReceived<K>
  /** What was given until now is no longer what the channel ends with; what follows begins anew. */
  clear: undefined
  /** A message was changed, or was deleted and is kept no longer. */
  change: undefined
}

export interface KeptChannelOptions {
  /** Newest messages that are kept. Default 100. */
  readonly keep?: number
}

/** A stream whose newest messages are there at once, before there is a link. */
export interface KeptChannel<K> {
  /** The newest ones without a hole, oldest first: at first what this device has. Another array after each change. */
  readonly messages: readonly KeptReceived<K>[]
  /** Resolves when what this device has is among them, and the channel was asked for what came since. */
  readonly ready: Promise<void>
  /** `message`: what is there already, then what comes, each once and in order. Returns the disposer. */
  on<E extends keyof KeptChannelEvents<K>>(event: E, listener: (value: KeptChannelEvents<K>[E]) => void): () => void
  /** Forgets what this device has of the channel. */
  clear(): void
}

/** Where the rows of all channels are. */
export interface InboxRows {
  /** Resolves when they are read, with nothing where they cannot be had. */
  read(onError: (error: MagpieError) => void): Promise<ReadonlyMap<string, unknown>>
  write(changes: Changes): void
  /** Whose they are from now on: what is there of another user is forgotten. */
  own(user: string | undefined): void
}

/** `onClosed` is called when the client ends. */
export function createKeptChannel<K>(
  channel: StreamChannel<K, undefined>,
  keep: number,
  rows: InboxRows,
  onClosed: () => void,
): KeptChannel<K> {
  const { name, subscription, read, follow, onError, user } = extend(channel)
  const listeners: ListenersOf<KeptChannelEvents<K>> = {
    message: createListeners(onError, name),
    clear: createListeners(onError, name),
    change: createListeners(onError, name),
  }
  let messages: readonly KeptReceived<K>[] = []
  /** The rows of messages by their offsets, oldest first. */
  const kept = new Map<number, StoredMessage>()
  let position: Position | undefined
  /** What the channel's listeners were given last. */
  let given: Received | undefined

  function show(received: Received | undefined, cached: boolean): void {
    if (received === undefined) return
    // The contract is a type here; the object has what each message has.
    const shown = { ...received, cached } as KeptReceived<K>
    messages = [...messages, shown].slice(-keep)
    listeners.message.emit(shown)
  }

  /** After the subscription has looked at it: what it took is where it stands now. */
  function receive(message: Message): void {
    const reached = subscription.position
    if (reached === undefined || reached.offset !== message.offset) return
    if (position?.epoch === reached.epoch && reached.offset <= position.offset) return
    const { name: messageName, data, at, from, ref, offset, mark, changed, since = reached.offset - 1 } = message
    if (position?.epoch !== reached.epoch || since > position.offset) forget()
    if (messageName === "$change") return change(reached, message as never)
    const row: StoredMessage = { name: messageName, data, at, from, ref, offset: reached.offset, mark, changed }
    // Of a deleted one nothing is kept.
    if (messageName.startsWith("$")) return moveTo(reached)
    const changes = new Map<string, unknown>([[messageKey(name, reached.offset), row]])
    kept.set(reached.offset, row)
    for (const old of kept.keys()) {
      if (kept.size <= keep) break
      kept.delete(old)
      changes.set(messageKey(name, old), undefined)
    }
    moveTo(reached, changes)
    show(given?.offset === offset ? given : undefined, false)
  }

  /** What is kept of a message is what it says now, on this device too. */
  function change(reached: Position, message: ChangeMessage): void {
    const target = message.data.offset
    const row = kept.get(target)
    if (row === undefined) return moveTo(reached)
    // As they are stored, messages are not read.
    const next = applyChange(row as Received, message, (stored) => stored as Received)
    if (next === "missed") return beginAnew()
    const isLeft = next === undefined || next.name.startsWith("$")
    if (isLeft) kept.delete(target)
    else kept.set(target, { ...next })
    moveTo(reached, new Map([[messageKey(name, target), kept.get(target)]]))
    const shown = isLeft ? undefined : read(next)
    messages = messages.flatMap((each) => (each.offset !== target ? [each] : shown ? [{ ...shown, cached: false } as typeof each] : []))
    listeners.change.emit(undefined)
  }

  function moveTo(reached: Position, changes = new Map<string, unknown>()): void {
    position = reached
    rows.write(changes.set(positionKey(name), reached))
  }

  function forget(): void {
    rows.write(new Map([positionKey(name), ...[...kept.keys()].map((offset) => messageKey(name, offset))].map((key) => [key, undefined])))
    const isEmpty = messages.length === 0
    kept.clear()
    messages = []
    position = undefined
    if (!isEmpty) listeners.clear.emit(undefined)
  }

  function beginAnew(): void {
    forget()
    if (subscription.position) moveTo(subscription.position)
  }

  function onState(state: SubscriptionState): void {
    const reached = subscription.position
    // What is no longer allowed is not shown from a copy either.
    if (state.state === "refused" && ["FORBIDDEN", "UNAUTHORIZED"].includes(state.error.code)) forget()
    if (state.state !== "live" || reached === undefined) return
    rows.own(user())
    if (position?.epoch !== reached.epoch || position.offset < reached.offset) beginAnew()
  }

  async function begin(): Promise<void> {
    const found = readChannelRows(await rows.read(onError), name)
    position = found?.position
    for (const message of found?.messages ?? []) {
      kept.set(Number(message.offset), message)
      show(read(message), true)
    }
    subscription.on("state", onState)
    subscription.on("gap", beginAnew)
    // Asked before it is listened to, so that listening does not ask from now on first. The subscription says what became of it.
    channel.subscribe(position ? { position } : { last: keep }).catch(() => {})
    channel.onAny((message) => {
      given = message as Received
    })
    follow({ message: { channel: "string", name: "string", at: "number" } }, { receive, close: onClosed })
  }

  return {
    ready: begin().catch(onError),
    get messages() {
      return messages
    },
    on(event, listener) {
      const dispose = listeners[event].add(listener)
      if (event === "message") {
        const first: ListenersOf<KeptChannelEvents<K>>["message"] = createListeners(onError, name)
        first.add(listener as (message: KeptReceived<K>) => void)
        for (const message of messages) first.emit(message)
      }
      return dispose
    },
    clear: beginAnew,
  }
}
