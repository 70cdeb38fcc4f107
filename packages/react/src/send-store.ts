import type { Receipt, SendOptions, StreamChannel } from "@magpie/client"
import { type MagpieError, type MessageInput, type MessageName, toMagpieError } from "@magpie/protocol"
import { createStore, type Store } from "./store.ts"

/** A message that is on its way, or that was refused. One that is stored comes back through the channel. */
export type OpenSend<K> = { readonly [N in MessageName<K>]: OpenSendOf<N, MessageInput<K, N>> }[MessageName<K>]

interface OpenSendOf<Name extends string, Data> {
  /** Names it among those that are open here. */
  readonly key: number
  /** As it was given to `send`. */
  readonly ref: string | undefined
  readonly name: Name
  readonly data: Data
  readonly state: "pending" | "rejected"
  /** Why it was rejected. TIMEOUT, ABORTED and CLOSED leave open whether it is stored. */
  readonly error: MagpieError | undefined
  /** Takes a rejected one off the list. */
  dismiss(): void
}

/** As the channel's `send`. */
export type Send<K> = <N extends MessageName<K>>(name: N, data: MessageInput<K, N>, options?: SendOptions) => Promise<Receipt>

export interface SendStore<K> extends Store<readonly OpenSend<K>[]> {
  readonly send: Send<K>
}

export function createSendStore<K>(channel: StreamChannel<K, undefined>): SendStore<K> {
  const store = createStore<readonly OpenSend<K>[]>([], () => () => {})
  let sent = 0

  function remove(key: number): void {
    store.set(store.view.filter((open) => open.key !== key))
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    async send(name, data, options) {
      const key = ++sent
      const open = { key, ref: options?.ref, name, data, state: "pending", error: undefined, dismiss: () => remove(key) }
      // The name decides what the data is, which a union of all of them does not show.
      store.set([...store.view, open as unknown as OpenSend<K>])
      try {
        const receipt = await channel.send(name, data, options)
        remove(key)
        return receipt
      } catch (thrown) {
        const error = toMagpieError(thrown)
        store.set(store.view.map((each) => (each.key === key ? { ...each, state: "rejected", error } : each)))
        throw error
      }
    },
  }
}
