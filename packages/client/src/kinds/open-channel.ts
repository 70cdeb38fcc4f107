import type { KindName } from "@magpie/protocol"
import type { BroadcastPart } from "./broadcast-channel.ts"
import type { ChannelCore } from "./channel-core.ts"
import type { StreamPart } from "./stream-channel.ts"

export interface OpenChannelOptions {
  readonly core: ChannelCore
  readonly stream: StreamPart
  readonly broadcast: BroadcastPart
  /** What the channel is known to be; undefined as long as nobody has said. */
  kind(): KindName | undefined
}

/**
 * The object behind `client.channel(name)`. Its kind comes from the contract, a hint or the server's answer; until one of
 * them has spoken it is a stream, whose sends are safe on a broadcast as well.
 */
export function openChannel({ core, stream, broadcast, kind }: OpenChannelOptions) {
  return {
    name: core.name,
    get kind() {
      return kind() ?? "stream"
    },
    subscription: core.subscription,
    on: core.on,
    onAny: core.onAny,
    subscribe: core.subscribe,
    unsubscribe: core.unsubscribe,
    messages: core.messages,
    send: (...given: Parameters<StreamPart["send"]>) => (kind() === "broadcast" ? broadcast.send(...given) : stream.send(...given)),
    sendAcknowledged: broadcast.sendAcknowledged,
    history: stream.history,
  }
}
