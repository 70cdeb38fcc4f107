import { MagpieError } from "@magpie/protocol"
import type { Schedule } from "./schedule.ts"

/** Calls `stop` when the signal fires. Returns what takes the listener off the signal again. */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  signal?.addEventListener("abort", stop)
  return () => signal?.removeEventListener("abort", stop)
}

export interface Patience {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

/**
 * A promise whose caller may stop waiting, by a signal or after a time: it then fails with ABORTED or TIMEOUT, after
 * `withdraw` took back what it can. With a signal that has fired already, nothing begins.
 */
export function abortable<T>(
  schedule: Schedule,
  { signal, timeoutMs }: Patience,
  begin: (resolve: (value: T) => void, reject: (error: MagpieError) => void) => void,
  withdraw: () => void = () => {},
): Promise<T> {
  const wait = schedule.createWait()
  let deafen = (): void => {}
  const promise = new Promise<T>((resolve, reject) => {
    const abort = (): void => stop(new MagpieError("ABORTED", "the caller's signal was aborted", { cause: signal?.reason }))
    const stop = (error: MagpieError): void => {
      withdraw()
      reject(error)
    }
    if (signal?.aborted) return abort()
    deafen = onAbort(signal, abort)
    if (timeoutMs !== undefined) wait.after(timeoutMs, () => stop(new MagpieError("TIMEOUT", `no answer within ${timeoutMs} ms`)))
    begin(resolve, reject)
  })
  const release = (): void => {
    deafen()
    wait.cancel()
  }
  promise.then(release, release)
  return promise
}
