import { thisMachine } from "../environment/fetch-http.ts"
import { createEventParser, type StreamEvent } from "./event-parser.ts"
import type { TransportWorld } from "./http-client.ts"
import { LOST, openHttpLink, type StartDown } from "./http-link.ts"
import { jsonOnly } from "./json-only.ts"
import type { NamedTransport } from "./named-transport.ts"

/**
 * Server-sent events down, POST up: for networks on which WebSockets do not come through. The POSTs of a link must reach the
 * server that holds its stream: with several, balance by the parameter `link` of the URL.
 */
export function sse(world: Partial<TransportWorld> = {}): NamedTransport {
  const its = { ...thisMachine, ...world }
  return { name: "sse", open: jsonOnly((url, events) => openHttpLink(url, its, startStream, events)) }
}

const startStream: StartDown = (ask, down) => {
  let isStream = false
  const parse = createEventParser(({ name, data }: StreamEvent) => {
    if (name === "message") down.message(data)
    else if (name === "link") down.opened(data)
    else if (name === "ping") down.asked()
    else if (name === "close") {
      const { code, reason } = readClose(data)
      down.closed(code, reason)
    }
  })
  const stop = ask(
    "sse",
    { method: "GET" },
    {
      onHead(status) {
        isStream = status === 200
      },
      onText(text) {
        if (!isStream) return
        try {
          parse(text)
        } catch {
          down.closed(LOST, "")
        }
      },
      onEnd: () => down.closed(LOST, ""),
    },
  )
  return { stop }
}

/** What the server says of its close; 1006 where that cannot be read. */
function readClose(data: string): { readonly code: number; readonly reason: string } {
  try {
    const { code, reason } = JSON.parse(data)
    if (typeof code === "number" && typeof reason === "string") return { code, reason }
  } catch {}
  return { code: LOST, reason: "" }
}
