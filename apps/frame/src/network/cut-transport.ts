import type { Link, LinkEvents, Transport } from "@magpie/client"

/** A transport whose network can be cut: live links end with 1006, new ones fail at once. */
export interface CutTransport extends Transport {
  readonly cut: boolean
  setCut(cut: boolean): void
  /** Ends the live links as a broken network would; the next attempt may succeed. */
  reset(): void
}

// A browser may close only with 1000 or 3000–4999. This is what the server sees; the client sees 1006.
const CLOSED_BY_SHOWCASE = 4000

export function cutTransport(inner: Transport): CutTransport {
  let cut = false
  const live = new Set<() => void>()

  const breakAll = () => {
    for (const sever of [...live]) sever()
  }

  return {
    get cut() {
      return cut
    },
    setCut(value) {
      cut = value
      if (cut) breakAll()
    },
    reset: breakAll,
    open(url, protocols, events) {
      return cut ? deadLink(events) : severableLink(inner, url, protocols, events, live)
    },
  }
}

function deadLink(events: LinkEvents): Link {
  queueMicrotask(() => events.onClose(1006, ""))
  return { bufferedBytes: 0, send() {}, close() {} }
}

function severableLink(inner: Transport, url: string, protocols: readonly string[], events: LinkEvents, live: Set<() => void>): Link {
  let over = false
  const end: LinkEvents["onClose"] = (code, reason, cause) => {
    if (over) return
    over = true
    live.delete(sever)
    events.onClose(code, reason, cause)
  }
  const link = inner.open(url, protocols, {
    onOpen: () => over || events.onOpen(),
    onMessage: (frame) => over || events.onMessage(frame),
    onClose: end,
  })
  const sever = () => {
    end(1006, "")
    link.close(CLOSED_BY_SHOWCASE, "network cut in the showcase")
  }
  live.add(sever)
  return {
    get bufferedBytes() {
      return link.bufferedBytes
    },
    send: (frame) => over || link.send(frame),
    close: (code, reason) => link.close(code, reason),
  }
}
