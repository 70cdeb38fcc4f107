import { Duplex } from "node:stream"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { createBatch } from "../flow/batch.ts"
import { rate } from "../flow/rate.ts"
import { WebSocketSocket } from "./websocket-socket.ts"

/** A socket over a stream whose other side takes one write at a time, when it is told to. */
function setUp() {
  let take: (() => void) | undefined
  const stream = new Duplex({
    highWaterMark: 16_384,
    read() {},
    write: (_chunk, _encoding, taken) => {
      take = () => taken()
    },
  })
  const webSocket = { readyState: WebSocket.OPEN, on() {} } as unknown as WebSocket
  const socket = new WebSocketSocket(webSocket, stream, rate(1, 1))
  let drained = 0
  socket.connect({ onMessage() {}, onAlive() {}, onClose() {}, onDrain: () => void drained++ })
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    socket,
    drained: () => drained,
    async takeAll() {
      while (take) {
        const taken = take
        take = undefined
        taken()
        await settle()
      }
    },
  }
}

describe("a socket", () => {
  for (const bytes of [1, 16_383, 16_384, 100_000]) {
    it(`tells when everything that was queued has been taken, also where that was ${bytes} bytes`, async () => {
      const { socket, drained, takeAll } = setUp()
      socket.send([createBatch("x".repeat(bytes), 1)])
      expect(socket.queuedBytes).toBeGreaterThanOrEqual(bytes)
      for (let times = 0; times < 3; times++) socket.askForDrain()
      expect(drained()).toBe(0)
      await takeAll()
      expect([socket.queuedBytes, drained()]).toEqual([0, 1])
    })
  }

  it("tells it once for many small ones", async () => {
    const { socket, drained, takeAll } = setUp()
    for (let index = 0; index < 100; index++) socket.send([createBatch("x", 1), createBatch("y", 1)])
    socket.askForDrain()
    await takeAll()
    expect([socket.queuedBytes, drained()]).toEqual([0, 1])
  })
})
