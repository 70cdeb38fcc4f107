import type { BroadcastChannel, StreamChannel } from "@magpie/client"

/** A channel of a client, whether or not that was given the contract's value. `client.channel(name)` gives the same one each time. */
export type AnyChannel<K> = StreamChannel<K, undefined> | BroadcastChannel<K, undefined>
