/** Waits in the way of Suspense: what is thrown is the promise after which React renders again. */
export function suspendUntil(isReady: boolean, ready: () => Promise<void>): void {
  if (!isReady) throw ready()
}
