import type { Duplex } from "node:stream"
import { WebSocket } from "ws"
import type { Batch } from "../flow/batch.ts"
import { createMeter, type Meter, type Rate, take } from "../flow/rate.ts"
import type { Socket, SocketEvents } from "../transports/socket.ts"
import { frameOf } from "./websocket-frame.ts"

const NOTHING = Buffer.alloc(0)

/**
 * A WebSocket whose receiving, pinging and closing is `ws` and whose sending is ours: frames that are shared between
 * connections go straight to the upgraded stream, one write a turn.
 */
export class WebSocketSocket implements Socket {
  readonly #webSocket: WebSocket
  readonly #stream: Duplex
  readonly #pingRate: Rate
  readonly #pingMeter: Meter = createMeter()
  #owedPong: Buffer | undefined
  #drained: () => void = () => {}
  #asked = false

  constructor(webSocket: WebSocket, stream: Duplex, pingRate: Rate) {
    this.#webSocket = webSocket
    this.#stream = stream
    this.#pingRate = pingRate
  }

  /** Starts telling `events` what happens. */
  connect(events: SocketEvents): void {
    const webSocket = this.#webSocket
    webSocket.on("message", (data, isBinary) => events.onMessage(isBinary ? (data as Buffer) : data.toString()))
    webSocket.on("ping", (payload) => {
      events.onAlive()
      this.#answerPing(payload)
    })
    webSocket.on("pong", () => events.onAlive())
    webSocket.on("close", (code, reason) => events.onClose(code, reason.toString()))
    // A broken frame or link; `ws` closes with the right code and `close` follows.
    webSocket.on("error", () => {})
    this.#drained = () => {
      this.#payPong()
      events.onDrain()
    }
    this.#stream.on("drain", this.#drained)
  }

  get queuedBytes(): number {
    return this.#stream.writableLength
  }

  send(batches: readonly Batch[]): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return
    const [first] = batches
    if (batches.length === 1 && first !== undefined) {
      this.#stream.write(frameOf(first))
      return
    }
    this.#stream.cork()
    for (const batch of batches) this.#stream.write(frameOf(batch))
    this.#stream.uncork()
  }

  /** A stream that holds less than its mark tells nobody when it is empty, unless it is asked. */
  askForDrain(): void {
    const stream = this.#stream
    if (this.#asked || stream.writableLength === 0 || stream.writableNeedDrain) return
    this.#asked = true
    stream.write(NOTHING, (failure) => {
      this.#asked = false
      if (!failure) this.#drained()
    })
  }

  /** At most one pong is owed at a time, the latest; a flood of pings ends the connection [F22]. */
  #answerPing(payload: Buffer): void {
    if (take(this.#pingMeter, this.#pingRate, performance.now()) > 0) return this.close(4006, "too many pings")
    this.#owedPong = payload
    if (this.#stream.writableLength === 0) this.#payPong()
  }

  #payPong(): void {
    const payload = this.#owedPong
    this.#owedPong = undefined
    if (payload !== undefined && this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.pong(payload)
  }

  ping(): void {
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping()
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  close(code: number, reason: string): void {
    // A paused socket would never read the other side's answer.
    this.#webSocket.resume()
    this.#webSocket.close(code, reason)
  }

  terminate(): void {
    this.#webSocket.terminate()
  }
}
