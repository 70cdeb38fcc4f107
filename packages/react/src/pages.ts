import type { BroadcastChannel, CommandChannel, DocumentChannel, HistoryPage, StreamChannel, TableChannel } from "@magpie/client"

/** A channel of a client with messages, whether or not that was given the contract's value. `client.channel(name)` gives the same one each time. */
export type AnyChannel<K> = StreamChannel<K, undefined> | BroadcastChannel<K, undefined>

/** A channel of any kind: presence is on all of them. */
export type ChannelWithPresence<K> =
  | AnyChannel<K>
  | TableChannel<K, undefined>
  | CommandChannel<K, undefined>
  | DocumentChannel<K, undefined>

/** A page of history. Fails with BAD_REQUEST on a broadcast, which has none, and as `history` of a stream does. */
export async function pageOf<K>(
  channel: AnyChannel<K>,
  options: { readonly limit: number; readonly before?: number; readonly signal?: AbortSignal },
): Promise<HistoryPage<K>> {
  // Without the contract's value a broadcast is not known before the first link; its server says so.
  return (channel as StreamChannel<K, undefined>).history(options)
}
