import { type Transport, webSocketTransport } from "@magpie/client"
import { cutTransport } from "./cut-transport.ts"
import { delayTransport } from "./delay-transport.ts"

/** What the visitor does to the network. */
export interface NetworkConditions {
  readonly cut: boolean
  /** Each way, in milliseconds. */
  readonly delayMs: number
  /** Mean time between random link resets; 0 for never. */
  readonly resetEveryMs: number
}

export interface Network {
  readonly transport: Transport
  readonly conditions: NetworkConditions
  set(conditions: Partial<NetworkConditions>): void
  subscribe(listener: () => void): () => void
}

/** A real WebSocket whose network the visitor can cut, slow down and break. */
export function createNetwork(socket: Transport = webSocketTransport()): Network {
  const cuttable = cutTransport(socket)
  const transport = delayTransport(cuttable)
  const listeners = new Set<() => void>()
  let conditions: NetworkConditions = { cut: false, delayMs: 0, resetEveryMs: 0 }
  let resetTimer: ReturnType<typeof setTimeout> | undefined

  const planReset = () => {
    clearTimeout(resetTimer)
    const meanMs = conditions.resetEveryMs
    if (meanMs === 0) return
    // Resets without memory: the wait is drawn from an exponential distribution.
    resetTimer = setTimeout(
      () => {
        cuttable.reset()
        planReset()
      },
      Math.min(-Math.log(1 - Math.random()) * meanMs, meanMs * 4),
    )
  }

  return {
    transport,
    get conditions() {
      return conditions
    },
    set(change) {
      const before = conditions
      conditions = { ...conditions, ...change }
      transport.setDelayMs(conditions.delayMs)
      if (conditions.cut !== before.cut) cuttable.setCut(conditions.cut)
      if (conditions.resetEveryMs !== before.resetEveryMs) planReset()
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
