import { MagpieError, type Message, type StoredMessage, type Timer, toMagpieError, type UpMessage } from "@magpie/protocol"
import { onAbort } from "../abort.ts"
import type { IterateOptions, Received, SubscribeOptions, Subscription } from "../channel.ts"
import { createListeners, type Listeners } from "../listeners.ts"
import type { OnReply } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import { type ChannelSubscription, createChannelSubscription } from "../subscription/subscription.ts"
import { iterateMessages } from "./iterate.ts"

/** What every kind has: listeners, a subscription that follows them, and the contract's schemas where they are at hand. */
export interface ChannelCore {
  readonly name: string
  readonly subscription: Subscription
  on(name: string, listener: (message: Received) => void): () => void
  onAny(listener: (message: Received) => void): () => void
  subscribe(options?: SubscribeOptions & { readonly signal?: AbortSignal }): Promise<void>
  unsubscribe(): Promise<void>
  messages(options?: IterateOptions): AsyncIterable<Received>
  /** The message as a listener gets it; undefined, and reported, where its schema refuses it. */
  read(message: StoredMessage): Received | undefined
  /** Fails with BAD_REQUEST naming the field, and CLOSED. */
  checkOutgoing(name: string, data: unknown): void
  /** For the registry of subscriptions. */
  readonly inner: ChannelSubscription
  /** Calls back when the client ends; returns its disposer. */
  onClose(listener: () => void): () => void
  close(error: MagpieError): void
}

export interface ChannelCoreOptions {
  readonly name: string
  /** The schemas of the channel's messages; undefined where the client was not given the contract. */
  readonly validate: ((messageName: string, data: unknown) => unknown) | undefined
  readonly schedule: Schedule
  readonly lingerMs: number
  ask(message: UpMessage, onReply: OnReply): number | undefined
  retryMs(failures: number, hintMs: number | undefined): number
  /** Somebody needs the connection. Fails with CLOSED. */
  start(): void
  learnKind(kind: string): void
  onError(error: MagpieError): void
}

export function createChannelCore(options: ChannelCoreOptions): ChannelCore {
  const { name, validate, schedule } = options
  const onThrow = (cause: unknown): void => options.onError(new MagpieError("INTERNAL", `a listener of "${name}" threw`, { cause }))
  const byName = new Map<string, Listeners<Received>>()
  const any = createListeners<Received>(onThrow)
  const closing = createListeners<undefined>(onThrow)
  let linger: Timer | undefined
  let held = false

  const inner = createChannelSubscription({
    channel: name,
    schedule,
    ask: options.ask,
    retryMs: options.retryMs,
    learnKind: options.learnKind,
    onThrow,
    deliver,
  })

  function deliver(message: Message): void {
    const received = read(message)
    if (received === undefined) return
    byName.get(received.name)?.emit(received)
    any.emit(received)
  }

  function read(message: StoredMessage): Received | undefined {
    const { name: messageName, at, from, ref, offset } = message
    try {
      const data = validate === undefined ? message.data : validate(messageName, message.data)
      return { channel: name, name: messageName, data, at, from, ref, offset }
    } catch (thrown) {
      const cause = toMagpieError(thrown)
      options.onError(new MagpieError("BAD_REQUEST", `"${name}" brought a message that the contract refuses: ${cause.reason}`, { cause }))
      return undefined
    }
  }

  function listen(listeners: Listeners<Received>, listener: (message: Received) => void): () => void {
    options.start()
    linger?.cancel()
    linger = undefined
    const remove = listeners.add(listener)
    inner.want()
    return () => {
      remove()
      leaveIfUnused()
    }
  }

  function isUsed(): boolean {
    return held || any.size > 0 || [...byName.values()].some((listeners) => listeners.size > 0)
  }

  function leaveIfUnused(): void {
    if (isUsed() || linger !== undefined || inner.view.state.state === "idle") return
    linger = schedule.after(options.lingerMs, () => {
      linger = undefined
      if (!isUsed()) void inner.drop()
    })
  }

  function ask(start: SubscribeOptions, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      options.start()
      const release = onAbort(signal, reject)
      if (signal?.aborted) return
      inner.ask(start, (error) => {
        release()
        if (error) reject(error)
        else resolve()
      })
    })
  }

  const core: ChannelCore = {
    name,
    subscription: inner.view,
    on(messageName, listener) {
      let listeners = byName.get(messageName)
      if (listeners === undefined) {
        listeners = createListeners(onThrow)
        byName.set(messageName, listeners)
      }
      return listen(listeners, listener)
    },
    onAny: (listener) => listen(any, listener),
    subscribe({ last, position, signal } = {}) {
      if (!signal?.aborted) held = true
      return ask(startOf(last, position), signal)
    },
    async unsubscribe() {
      held = false
      linger?.cancel()
      linger = undefined
      await inner.drop()
    },
    messages: (iterate = {}) => iterateMessages(core, iterate),
    read,
    checkOutgoing(messageName, data) {
      options.start()
      if (data === undefined) throw new MagpieError("BAD_REQUEST", "data must be present", { details: { field: "data" } })
      validate?.(messageName, data)
    },
    inner,
    onClose: (listener) => closing.add(listener),
    close(error) {
      linger?.cancel()
      linger = undefined
      closing.emit(undefined)
      for (const listeners of [any, closing, ...byName.values()]) listeners.clear()
      inner.close(error)
    },
  }
  return core
}

function startOf(last: number | undefined, position: SubscribeOptions["position"]): SubscribeOptions {
  if (last !== undefined && !(Number.isSafeInteger(last) && last >= 1)) {
    throw new MagpieError("BAD_REQUEST", "last must be a whole number of at least 1", { details: { field: "last" } })
  }
  return { ...(last !== undefined && { last }), ...(position !== undefined && { position }) }
}
