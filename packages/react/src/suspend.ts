/** Waits in the way of Suspense: what is thrown is the promise that React waits for before it renders again. */
export function suspendUntil(isReady: boolean, ready: Promise<void>): void {
  if (!isReady) throw ready
}
