import type { LinkEvents, Transport } from "@magpie/client"

/** A transport whose network can be cut: the client's links break, and new ones fail. */
export interface Cuttable extends Transport {
  readonly isCut: boolean
  cut(): void
  restore(): void
}

const CUT_CODE = 4000

export function cuttable(inner: Transport): Cuttable {
  const live = new Set<() => void>()
  let isCut = false
  return {
    get isCut() {
      return isCut
    },
    cut() {
      isCut = true
      for (const sever of [...live]) sever()
    },
    restore() {
      isCut = false
    },
    open(url, protocols, events) {
      if (isCut) {
        queueMicrotask(() => events.onClose(1006, ""))
        return { bufferedBytes: 0, send() {}, close() {} }
      }
      let isOver = false
      const end: LinkEvents["onClose"] = (code, reason, cause) => {
        if (isOver) return
        isOver = true
        live.delete(sever)
        events.onClose(code, reason, cause)
      }
      const link = inner.open(url, protocols, {
        onOpen: () => isOver || events.onOpen(),
        onMessage: (frame) => isOver || events.onMessage(frame),
        onClose: end,
      })
      function sever(): void {
        end(1006, "")
        link.close(CUT_CODE, "the network was cut")
      }
      live.add(sever)
      return {
        get bufferedBytes() {
          return link.bufferedBytes
        },
        send: (frame) => isOver || link.send(frame),
        close: (code, reason) => link.close(code, reason),
      }
    },
  }
}
