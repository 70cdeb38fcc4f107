import type { Transport } from "@magpie/client"
import type { Encoded } from "@magpie/protocol"
import { delayLine } from "./delay-line.ts"

/** A transport that holds every frame back for a while, both ways. */
export interface DelayTransport extends Transport {
  readonly delayMs: number
  setDelayMs(delayMs: number): void
}

export function delayTransport(inner: Transport): DelayTransport {
  let delayMs = 0
  return {
    get delayMs() {
      return delayMs
    },
    setDelayMs(value) {
      delayMs = value
    },
    open(url, protocols, events) {
      const up = delayLine(() => delayMs)
      const down = delayLine(() => delayMs)
      let heldBytes = 0
      const link = inner.open(url, protocols, {
        onOpen: () => down.push(() => events.onOpen()),
        onMessage: (frame) => down.push(() => events.onMessage(frame)),
        onClose: (code, reason, cause) => {
          up.clear()
          // What a broken network held is lost; a goodbye comes after what was sent before it.
          if (code !== 1006) return down.push(() => events.onClose(code, reason, cause))
          down.clear()
          events.onClose(code, reason, cause)
        },
      })
      return {
        get bufferedBytes() {
          return heldBytes + link.bufferedBytes
        },
        send(frame) {
          const bytes = sizeOf(frame)
          heldBytes += bytes
          up.push(() => {
            heldBytes -= bytes
            link.send(frame)
          })
        },
        close: (code, reason) => up.push(() => link.close(code, reason)),
      }
    },
  }
}

function sizeOf(frame: Encoded): number {
  return typeof frame === "string" ? frame.length : frame.byteLength
}
