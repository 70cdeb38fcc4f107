import type { HistoryOptions, Receipt, SendOptions } from "../channel.ts"
import type { Outbox } from "../outbox/outbox.ts"
import type { ChannelCore } from "./channel-core.ts"
import { type HistoryReader, type ReceivedPage, readHistory } from "./history.ts"

/** What a stream adds to the core. */
export interface StreamPart {
  send(name: string, data: unknown, options?: SendOptions): Promise<Receipt>
  history(options?: HistoryOptions): Promise<ReceivedPage>
}

export interface StreamPartOptions {
  readonly core: ChannelCore
  readonly outbox: Outbox
  readonly reader: HistoryReader
  drawRef(): string
}

export function createStreamPart({ core, outbox, reader, drawRef }: StreamPartOptions): StreamPart {
  return {
    async send(name, data, options = {}) {
      core.checkOutgoing(name, data)
      return outbox.send(core.name, { name, data, ref: options.ref ?? drawRef() }, options)
    },
    history: (options = {}) => readHistory(core, reader, options),
  }
}
