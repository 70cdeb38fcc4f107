import { MagpieError } from "@magpie/protocol"

export function aborted(signal: AbortSignal): MagpieError {
  return new MagpieError("ABORTED", "the caller's signal was aborted", { cause: signal.reason })
}

/** Calls `stop` when the signal fires, or at once if it has. Returns what takes the listener off the signal again. */
export function onAbort(signal: AbortSignal | undefined, stop: (error: MagpieError) => void): () => void {
  if (signal === undefined) return () => {}
  const listener = (): void => stop(aborted(signal))
  if (signal.aborted) {
    listener()
    return () => {}
  }
  signal.addEventListener("abort", listener, { once: true })
  return () => signal.removeEventListener("abort", listener)
}
