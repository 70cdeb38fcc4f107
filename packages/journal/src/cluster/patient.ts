import { type Env, isMagpieError } from "@magpie/protocol"

/** After how long a full disk, or a snapshot store out of reach, is tried again. */
const RETRY_MS = 1_000

export interface PatientOptions {
  readonly env: Env
  readonly partition: number
}

/** Tries again for as long as something fails with UNAVAILABLE, until it is stopped. */
export class Patient {
  readonly #options: PatientOptions
  #stopped = false
  #wake = (): void => {}

  constructor(options: PatientOptions) {
    this.#options = options
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await task()
      } catch (cause) {
        if (this.#stopped || !isMagpieError(cause) || cause.code !== "UNAVAILABLE") throw cause
        this.#options.env.log("error", "journal.waits", { partition: this.#options.partition, reason: cause.reason })
        await this.#pass()
      }
    }
  }

  stop(): void {
    this.#stopped = true
    this.#wake()
  }

  #pass(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.env.clock.setTimer(RETRY_MS, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}
