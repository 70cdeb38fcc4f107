import type { LinkEvents, Transport } from "@magpie/client"
import { type Batch, HEADROOM_BYTES, payloadOf, type Socket } from "@magpie/server/core"

/** What a later version may say beside what this one knows. */
export const NEWER_FIELDS = { shade: "dark", hints: { retryBudget: 3 }, via: ["a", "b"] }

/** A message of a type that only a later version knows, and that nobody must understand. */
const NEWER_MESSAGE = JSON.stringify({ type: "weather", channel: "chat/a", ...NEWER_FIELDS })

/** The same messages as a later version says them, with one more among them. */
export function newerFrame(frame: string): string {
  const lines = frame.split("\n").map((line) => JSON.stringify({ ...JSON.parse(line), ...NEWER_FIELDS }))
  return [...lines, NEWER_MESSAGE].join("\n")
}

/** A link on which the client, the server, or both are of a later version. */
export function newerLink(inner: Transport, newer: { readonly up?: boolean; readonly down?: boolean }): Transport {
  return {
    open(url, protocols, events) {
      const hear: LinkEvents["onMessage"] = newer.down ? (frame) => events.onMessage(newerFrame(String(frame))) : events.onMessage
      const link = inner.open(url, protocols, { ...events, onMessage: hear })
      return {
        get bufferedBytes() {
          return link.bufferedBytes
        },
        send: (frame) => link.send(newer.up ? newerFrame(String(frame)) : frame),
        close: (code, reason) => link.close(code, reason),
      }
    },
  }
}

/** A server's end of a link, as one of a later version writes to it. */
export function newerSocket(socket: Socket): Socket {
  return {
    get queuedBytes() {
      return socket.queuedBytes
    },
    send: (batches) => socket.send(batches.map(newerBatch)),
    ping: () => socket.ping(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  }
}

function newerBatch(batch: Batch): Batch {
  const encoded = new TextEncoder().encode(newerFrame(new TextDecoder().decode(payloadOf(batch))))
  const buffer = new Uint8Array(HEADROOM_BYTES + encoded.length)
  buffer.set(encoded, HEADROOM_BYTES)
  return { text: true, buffer, bytes: encoded.length, messages: batch.messages, wire: undefined, event: undefined }
}
