import { isMagpieError } from "@magpie/protocol"
import type { Link, LinkEvents, Transport } from "./transport.ts"

type LateLink = { readonly state: "loading" } | { readonly state: "opened"; readonly link: Link } | { readonly state: "closed" }

const ABNORMAL = 1006

/** Links of a transport that has to be loaded first. Where `load` fails with a MagpieError, no attempt can succeed. */
export function createLateTransport(load: () => Promise<Transport>): Transport {
  return { open: (url, protocols, events) => openLink(load, url, protocols, events) }
}

function openLink(load: () => Promise<Transport>, url: string, protocols: readonly string[], events: LinkEvents): Link {
  let current: LateLink = { state: "loading" }

  async function begin(): Promise<void> {
    const transport = await load()
    // Closed meanwhile: the link is not opened at all.
    if (current.state === "loading") current = { state: "opened", link: transport.open(url, protocols, events) }
  }

  begin().catch((thrown: unknown) => {
    if (current.state !== "loading") return
    current = { state: "closed" }
    events.onClose(ABNORMAL, "", isMagpieError(thrown) ? thrown : undefined)
  })

  return {
    get bufferedBytes() {
      return current.state === "opened" ? current.link.bufferedBytes : 0
    },
    send(frame) {
      if (current.state === "opened") current.link.send(frame)
    },
    close(code, reason) {
      if (current.state === "opened") current.link.close(code, reason)
      if (current.state !== "loading") return
      current = { state: "closed" }
      Promise.resolve().then(() => events.onClose(code, reason))
    },
  }
}
