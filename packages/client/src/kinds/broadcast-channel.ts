import type { UpMessage } from "@magpie/protocol"
import { aborted } from "../abort.ts"
import type { SendOptions } from "../channel.ts"
import type { RequestTable } from "../request/request-table.ts"
import type { ChannelCore } from "./channel-core.ts"

/** What a broadcast adds to the core. */
export interface BroadcastPart {
  send(name: string, data: unknown, options?: { readonly ref?: string }): boolean
  sendAcknowledged(name: string, data: unknown, options?: SendOptions): Promise<void>
}

export interface BroadcastPartOptions {
  readonly core: ChannelCore
  readonly request: RequestTable["request"]
  send(message: UpMessage): boolean
  drawRef(): string
}

export function createBroadcastPart({ core, request, send, drawRef }: BroadcastPartOptions): BroadcastPart {
  return {
    send(name, data, { ref = drawRef() } = {}) {
      core.checkOutgoing(name, data)
      return send({ type: "publish", channel: core.name, name, data, ref })
    },
    async sendAcknowledged(name, data, { ref = drawRef(), signal, timeoutMs } = {}) {
      core.checkOutgoing(name, data)
      if (signal?.aborted) throw aborted(signal)
      await request({ type: "publish", channel: core.name, name, data, ref }, { signal, timeoutMs })
    },
  }
}
