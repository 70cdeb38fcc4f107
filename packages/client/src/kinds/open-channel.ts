import type { KindName } from "@magpie/protocol"
import type { HistoryOptions, Receipt, SendOptions } from "../channel.ts"
import type { Session } from "../session.ts"
import type { ChannelCore } from "./channel-core.ts"
import { readHistory } from "./history.ts"

/**
 * The object behind `client.channel(name)`. It has what each kind has, and its type picks from that. `kind` is undefined for
 * a client without the contract's value until the first welcome.
 */
export function openChannel(core: ChannelCore, { outbox, requests, broadcast }: Session, kind: () => KindName | undefined) {
  const { name } = core.shown

  async function sendToStream(messageName: string, data: unknown, options: SendOptions): Promise<Receipt> {
    return outbox.send(name, core.outgoing(messageName, data, options.ref), options)
  }

  return {
    ...core.shown,
    get kind() {
      return kind()
    },
    send(messageName: string, data: unknown, options: SendOptions = {}): Promise<Receipt> | undefined {
      if (kind() === "broadcast") {
        broadcast(name, core.outgoing(messageName, data, options.ref))
        return undefined
      }
      const sent = sendToStream(messageName, data, options)
      // It may turn out to be a broadcast, whose sender waits for nothing and must not meet a rejection.
      if (kind() === undefined) sent.catch(() => {})
      return sent
    },
    async sendAcknowledged(messageName: string, data: unknown, options: SendOptions = {}): Promise<void> {
      const message = core.outgoing(messageName, data, options.ref)
      await requests.request({ type: "publish", channel: name, ...message }, "published", options)
    },
    history: (options: HistoryOptions = {}) => readHistory(core, requests.request, options),
  }
}
