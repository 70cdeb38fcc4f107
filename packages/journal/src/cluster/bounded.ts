import { type Clock, MagpieError, type Timer } from "@magpie/protocol"

/** Waits for others: not for ever, and not beyond the close. */
export class Bounded {
  readonly #clock: Clock
  readonly #waiting = new Set<(error: MagpieError) => void>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * As `task`, but fails with UNAVAILABLE when it has neither settled nor called `moved` for so long, and with CLOSED on
   * `close`. What comes of the task after that is not heard.
   */
  within<T>(stallMs: number, what: string, task: (moved: () => void) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed(what))
    return new Promise<T>((resolve, reject) => {
      let timer: Timer | undefined
      const fail = (error: unknown): void => {
        timer?.cancel()
        this.#waiting.delete(fail)
        reject(error)
      }
      const moved = (): void => {
        if (!this.#waiting.has(fail)) return
        timer?.cancel()
        timer = this.#clock.setTimer(stallMs, () => fail(new MagpieError("UNAVAILABLE", `${what} did not move on in time`)))
      }
      this.#waiting.add(fail)
      moved()
      const result = (async () => task(moved))()
      result.then((value) => {
        timer?.cancel()
        this.#waiting.delete(fail)
        resolve(value)
      }, fail)
    })
  }

  close(): void {
    this.#closed = true
    for (const fail of [...this.#waiting]) fail(closed("the wait"))
  }
}

function closed(what: string): MagpieError {
  return new MagpieError("CLOSED", `${what} was ended`)
}
