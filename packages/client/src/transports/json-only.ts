import { MagpieError, SUBPROTOCOL_JSON } from "@magpie/protocol"
import type { Link, LinkEvents, Transport } from "../transport/transport.ts"
import { LOST } from "./http-link.ts"

/** For ways that carry text alone: a link for a client with another codec ends with the reason why no attempt can succeed. */
export function jsonOnly(open: (url: string, events: LinkEvents) => Link): Transport["open"] {
  return (url, [subprotocol = SUBPROTOCOL_JSON], events) => {
    if (subprotocol === SUBPROTOCOL_JSON) return open(url, events)
    const cause = new MagpieError("INVALID_OPTIONS", `codec: ${subprotocol} travels by WebSocket only`, { details: { field: "codec" } })
    Promise.resolve().then(() => events.onClose(LOST, "", cause))
    return { bufferedBytes: 0, send() {}, close() {} }
  }
}
