import { MagpieError, type Message, type StoredMessage, toMagpieError } from "@magpie/protocol"
import { abortable } from "../abort.ts"
import { badField } from "../bad-field.ts"
import type { IterateOptions, Received, SubscribeOptions, Subscription } from "../channel.ts"
import type { Context } from "../context.ts"
import { createListeners, type Listeners } from "../listeners.ts"
import type { Outgoing } from "../outbox/channel-queue.ts"
import { randomName } from "../random-name.ts"
import type { RequestTable } from "../request/request-table.ts"
import { type ChannelSubscription, createChannelSubscription, type OnSettled } from "../subscription/subscription.ts"
import { iterateMessages } from "./iterate.ts"

/** What every kind has: listeners, a subscription that follows them, and the contract's schemas where they are at hand. */
export interface ChannelCore {
  /** What the user's object shows of it. */
  readonly shown: {
    readonly name: string
    readonly subscription: Subscription
    on(name: string, listener: (message: Received) => void): () => void
    onAny(listener: (message: Received) => void): () => void
    subscribe(options?: SubscribeOptions & { readonly signal?: AbortSignal }): Promise<void>
    unsubscribe(): Promise<void>
    messages(options?: IterateOptions): AsyncIterable<Received>
  }
  /** Somebody needs the connection. Fails with CLOSED. */
  start(): void
  /** Asks for the channel from there on. Fails with BAD_REQUEST and CLOSED. */
  begin(from: SubscribeOptions, settled: OnSettled): void
  /** The message as a listener gets it; undefined, and reported, where its schema refuses it. */
  read(message: StoredMessage): Received | undefined
  /** The message as it is sent. Fails with BAD_REQUEST naming the field, and CLOSED. */
  outgoing(name: string, data: unknown, ref: string | undefined): Outgoing
  /** For the registry of subscriptions. */
  readonly inner: ChannelSubscription
  close(error: MagpieError): void
}

export interface ChannelCoreOptions {
  readonly name: string
  /** The schemas of the channel's messages; undefined where the client was not given the contract. */
  readonly validate: ((messageName: string, data: unknown) => unknown) | undefined
  readonly ask: RequestTable["ask"]
  start(): void
}

/** Neither a message's name nor its reference may be longer. */
const MAX_NAME_LENGTH = 64

/** Names that begin so are the protocol's own: what became of messages. */
export const isMessage = ({ name }: { readonly name: string }): boolean => name[0] !== "$"

/** The key of the listeners that hear every message. */
const ANY = undefined

export function createChannelCore(context: Context, { name, validate, ask, start }: ChannelCoreOptions): ChannelCore {
  const { schedule, onError } = context
  const listeners = new Map<string | typeof ANY, Listeners<Received>>()
  const linger = schedule.createWait()
  /** Calls of `subscribe` that wait for their answer, and whether one of them got it. */
  const asking = new Set<object>()
  let held = false

  const inner = createChannelSubscription({ channel: name, schedule, ask, onError, deliver })

  function deliver(message: Message): void {
    const received = read(message)
    if (received === undefined) return
    listeners.get(received.name)?.emit(received)
    if (isMessage(received)) listeners.get(ANY)?.emit(received)
  }

  function read(message: StoredMessage): Received | undefined {
    try {
      const data = validate && isMessage(message) ? validate(message.name, message.data) : message.data
      const { name: messageName, at, from, ref, offset, mark, changed } = message
      return { channel: name, name: messageName, data, at, from, ref, offset, mark, changed }
    } catch (thrown) {
      const cause = toMagpieError(thrown)
      onError(new MagpieError("BAD_REQUEST", `"${name}" brought a message that the contract refuses: ${cause.reason}`, { cause }))
      return undefined
    }
  }

  function on(messageName: string | typeof ANY, listener: (message: Received) => void): () => void {
    start()
    linger.cancel()
    const known = listeners.get(messageName) ?? createListeners(onError, name)
    listeners.set(messageName, known)
    const remove = known.add(listener)
    inner.want()
    return () => {
      remove()
      leave()
    }
  }

  /** Somebody needs the channel no longer. */
  function leave(): void {
    if (!isUsed() && inner.view.state.state !== "idle") linger.after(context.settings.lingerMs, () => void inner.drop())
  }

  function isUsed(): boolean {
    return held || asking.size > 0 || [...listeners.values()].some(({ size }) => size > 0)
  }

  function check({ last = 1 }: SubscribeOptions): void {
    if (!(Number.isSafeInteger(last) && last >= 1)) throw badField("last", "must be a whole number of at least 1")
    start()
  }

  function begin(from: SubscribeOptions, settled: OnSettled): void {
    check(from)
    inner.ask(from, settled)
  }

  const core: ChannelCore = {
    shown: {
      name,
      subscription: inner.view,
      on,
      onAny: (listener) => on(ANY, listener),
      subscribe({ signal, ...from } = {}) {
        const mine = {}
        return abortable(
          schedule,
          { signal },
          (resolve, reject) => {
            check(from)
            asking.add(mine)
            linger.cancel()
            inner.ask(from, (error) => {
              if (asking.delete(mine)) held = true
              if (error) reject(error)
              else resolve()
            })
          },
          () => asking.delete(mine) && leave(),
        )
      },
      async unsubscribe() {
        held = false
        asking.clear()
        linger.cancel()
        await inner.drop()
      },
      messages: (iterate = {}) => iterateMessages(core, iterate),
    },
    start,
    begin,
    read,
    outgoing(messageName, data, ref = randomName(context.random, 8)) {
      start()
      for (const [field, { length }] of Object.entries({ name: messageName, ref })) {
        if (length > MAX_NAME_LENGTH) throw badField(field, `must have at most ${MAX_NAME_LENGTH} characters`)
      }
      if (data === undefined) throw badField("data", "must be present")
      validate?.(messageName, data)
      return { name: messageName, data, ref }
    },
    inner,
    close(error) {
      linger.cancel()
      inner.close(error)
      for (const each of listeners.values()) each.clear()
    },
  }
  return core
}
