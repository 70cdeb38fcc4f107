import type { Receipt, SendOptions, StreamChannel } from "@magpie/client"
import { followSend, type SendProgress, type SendState } from "@magpie/client/sends"
import type { MagpieError, MessageInput, MessageName } from "@magpie/protocol"
import { createStore, type Store } from "./store.ts"

/** A message that was sent, and its state. */
export type SendView<K, State extends SendState = SendState> = {
  readonly [N in MessageName<K>]: SendViewOf<N, MessageInput<K, N>, State>
}[MessageName<K>]

/** One that is not stored, or not known to be. */
export type OpenSend<K> = SendView<K, Exclude<SendState, "confirmed">>

interface SendViewOf<Name extends string, Data, State> {
  /** Names it among those that were sent here. */
  readonly key: number
  /** As it was given to `send`; the message has it too when it comes back through the channel. */
  readonly ref: string | undefined
  readonly name: Name
  readonly data: Data
  readonly state: State
  /** There once it is confirmed. */
  readonly receipt: Receipt | undefined
  /** Why it was rejected or has expired. Without a persistent outbox TIMEOUT, ABORTED and CLOSED leave open whether it is stored. */
  readonly error: MagpieError | undefined
  /** Takes it off the lists. What is on its way is sent all the same. */
  dismiss(): void
}

/** As the channel's `send`. */
export type Send<K> = <N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: SendOptions) => Promise<Receipt>

/** What became of what was sent. */
export interface Sends<K> {
  /** Each with its state, oldest first; of those that are confirmed the newest 50. */
  readonly sends: readonly SendView<K>[]
  /** Those of them that are not confirmed. One that is comes back through the channel. */
  readonly open: readonly OpenSend<K>[]
}

export interface SendStore<K> extends Store<Sends<K>> {
  readonly send: Send<K>
}

const MOST_CONFIRMED = 50

export function createSendStore<K>(channel: StreamChannel<K, undefined>): SendStore<K> {
  const store = createStore<Sends<K>>({ sends: [], open: [] }, () => () => {})
  let keys = 0

  function set(all: readonly SendView<K>[]): void {
    const forgotten = new Set(all.filter(isConfirmed).slice(0, -MOST_CONFIRMED))
    const sends = all.filter((each) => !forgotten.has(each))
    store.set({ sends, open: sends.filter((each): each is OpenSend<K> => !isConfirmed(each)) })
  }

  function change(key: number, progress: SendProgress): void {
    set(store.view.sends.map((each) => (each.key === key ? { ...each, ...progress } : each)))
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    send(name, data, options) {
      const key = ++keys
      const dismiss = (): void => set(store.view.sends.filter((each) => each.key !== key))
      const view = { key, ref: options?.ref, name, data, state: "pending", receipt: undefined, error: undefined, dismiss }
      // The name decides what the data is, which a union of all of them does not show.
      set([...store.view.sends, view as unknown as SendView<K>])
      return followSend(channel, name, data, { ...options, onProgress: (progress) => change(key, progress) })
    },
  }
}

const isConfirmed = ({ state }: { readonly state: SendState }): boolean => state === "confirmed"
