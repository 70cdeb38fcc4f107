import { MagpieError } from "@magpie/protocol"
import { expect, test } from "vitest"
import { createWebSocketTransport, type WebSocketLike } from "./websocket.ts"

/** A socket in the hands of a test, and what a link over it told its owner. */
function linkOver(load?: () => never) {
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
  const transport = createWebSocketTransport(load ?? (() => () => socket))
  const link = transport.open("ws://x/magpie", ["p"], {
    onOpen: () => told.push(["open"]),
    onMessage: (frame) => told.push(["message", frame]),
    onClose: (...end) => told.push(["close", ...end]),
  })
  return { socket, sent, told, link }
}

const turn = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))))

test("passes text and bytes on, and says how much still waits", async () => {
  const { socket, sent, told, link } = linkOver()
  await turn()
  socket.onopen?.({} as never)
  socket.onmessage?.({ data: "text" })
  socket.onmessage?.({ data: new Uint8Array([1, 2]).buffer })
  link.send("frame")
  socket.onerror?.({} as never)
  socket.onclose?.({ code: 4001, reason: "why" })
  socket.onclose?.({ code: 4001, reason: "why" })
  expect(told).toEqual([["open"], ["message", "text"], ["message", new Uint8Array([1, 2])], ["close", 4001, "why", undefined]])
  expect(sent).toEqual(["frame"])
  expect(link.bufferedBytes).toBe(0)
})

test("a link that is closed before its socket is made never makes one", async () => {
  const { socket, told, link } = linkOver()
  link.close(1000, "")
  await turn()
  expect(told).toEqual([["close", 1000, ""]])
  expect(socket.onopen).toBeNull()
})

test("a missing WebSocket ends the link with the reason why no attempt can succeed", async () => {
  const cause = new MagpieError("INVALID_OPTIONS", "transport: none")
  const { told } = linkOver(() => {
    throw cause
  })
  await turn()
  expect(told).toEqual([["close", 1006, "", cause]])
})
