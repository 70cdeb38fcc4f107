/** Waits on the wall clock; chaos is about real time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}

const LOOK_MS = 20

/** Looks again and again until the fact holds; false when it does not within the limit. */
export async function eventually(fact: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (!(await fact())) {
    if (performance.now() > deadline) return false
    await sleep(LOOK_MS)
  }
  return true
}
