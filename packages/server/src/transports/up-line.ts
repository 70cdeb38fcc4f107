import type { SocketEvents } from "./socket.ts"

/** What became of a POST: where it is taken, it is answered when its sender may send the next one. */
export type Taken = "taken" | "left" | "out-of-order"

/** In place of a frame, under the number 0: the other side closes. */
const CLOSE = "close"

/**
 * What one link says by POST, in order. Its sender numbers the frames from 1 and sends one at a time, so that a POST that was
 * repeated, by it or by a proxy, is taken once. While the connection reads no more, the answer is what waits.
 */
export class UpLine {
  readonly #events: Pick<SocketEvents, "onMessage" | "onAlive">
  #last = 0
  #paused = false
  /** Of the newest POST, which is answered when reading goes on. One at most. */
  #waiting: (() => void) | undefined

  constructor(events: Pick<SocketEvents, "onMessage" | "onAlive">) {
    this.#events = events
  }

  /** Number 0 says that its sender is there, or leaves. `done` is called once, where the frame is not out of order. */
  take(number: number, frame: string, done: () => void): Taken {
    if (number > this.#last + 1) return "out-of-order"
    this.#events.onAlive()
    if (number === 0 && frame === CLOSE) {
      done()
      return "left"
    }
    if (number === this.#last + 1) {
      this.#last = number
      this.#events.onMessage(frame)
    }
    if (this.#paused && number === this.#last) {
      this.#waiting?.()
      this.#waiting = done
    } else done()
    return "taken"
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }
}
