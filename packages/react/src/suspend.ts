/** Waits in the way of Suspense: what is thrown is the promise after which React renders again. */
export function suspendUntil(isReady: boolean, ready: () => Promise<void>): void {
  if (!isReady) throw ready()
}

/** One promise for all who wait for the same. */
export interface Waiting {
  readonly promise: Promise<void>
  resolve(): void
}

export function createWaiting(): Waiting {
  let resolve = (): void => {}
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil
  })
  return { promise, resolve }
}
