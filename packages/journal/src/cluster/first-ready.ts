import { type Clock, MagpieError } from "@magpie/protocol"

/** How long the broker may take until this node knows the log. */
const OPEN_MS = 60_000

export interface FirstReadyOptions {
  readonly clock: Clock
  readonly openMs: number | undefined
  readonly signal: AbortSignal | undefined
  readonly onFenced: (listener: (cause: unknown) => void) => () => void
  /** Begins, and calls back when the node knows the log. */
  readonly begin: (ready: () => void) => void
}

/** Waits until a node knows its log. Fails with UNAVAILABLE after the time, with CLOSED when it is given up, and with what fences it. */
export function firstReady({ clock, openMs = OPEN_MS, signal, onFenced, begin }: FirstReadyOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let unheard = (): void => {}
    const end = (): void => {
      timer.cancel()
      unheard()
      signal?.removeEventListener("abort", abandoned)
    }
    const fail = (cause: unknown): void => {
      end()
      reject(cause)
    }
    const abandoned = (): void => fail(new MagpieError("CLOSED", "the opening was given up"))
    const timer = clock.setTimer(openMs, () => fail(new MagpieError("UNAVAILABLE", "the journal could not be read in time")))
    if (signal?.aborted) return abandoned()
    signal?.addEventListener("abort", abandoned)
    unheard = onFenced(fail)
    begin(() => {
      end()
      resolve()
    })
  })
}
