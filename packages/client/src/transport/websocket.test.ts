import { expect, test } from "vitest"
import { createWebSocketTransport, type WebSocketLike } from "./websocket.ts"

/** A socket in the hands of a test, and what a link over it told its owner. */
function linkOver() {
  const sent: unknown[] = []
  const told: unknown[][] = []
  const socket: WebSocketLike = {
    bufferedAmount: 7,
    binaryType: "blob",
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send: (frame) => sent.push(frame),
    close: (code, reason) => sent.push([code, reason]),
  }
  const opened: unknown[] = []
  const transport = createWebSocketTransport((...given) => {
    opened.push(...given)
    return socket
  })
  const link = transport.open("ws://x/magpie", ["p"], {
    onOpen: () => told.push(["open"]),
    onMessage: (frame) => told.push(["message", frame]),
    onClose: (...end) => told.push(["close", ...end]),
  })
  return { socket, opened, sent, told, link }
}

test("passes text and bytes on in both directions, and says how much still waits", () => {
  const { socket, opened, sent, told, link } = linkOver()
  expect(opened).toEqual(["ws://x/magpie", ["p"]])
  expect(socket.binaryType).toBe("arraybuffer")
  socket.onopen?.({} as never)
  socket.onmessage?.({ data: "text" })
  socket.onmessage?.({ data: new Uint8Array([1, 2]).buffer })
  link.send("frame")
  expect(link.bufferedBytes).toBe(7)
  expect(told).toEqual([["open"], ["message", "text"], ["message", new Uint8Array([1, 2])]])
  expect(sent).toEqual(["frame"])
})

test("a close is asked for with its code, and told with the one that came; an error says nothing that the close does not", () => {
  const { socket, sent, told, link } = linkOver()
  link.close(4001, "why")
  expect(sent).toEqual([[4001, "why"]])
  expect(told).toEqual([])
  socket.onerror?.({} as never)
  socket.onclose?.({ code: 1006, reason: "" })
  expect(told).toEqual([["close", 1006, ""]])
})
