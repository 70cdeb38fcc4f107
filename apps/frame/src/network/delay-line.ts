/** Hands over what is put in after a while, in the order it came, also when the delay changes in between. */
export interface DelayLine {
  push(deliver: () => void): void
  clear(): void
}

export function delayLine(delayMs: () => number): DelayLine {
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let lastDueAt = 0
  return {
    push(deliver) {
      const now = performance.now()
      const dueAt = Math.max(now + delayMs(), lastDueAt)
      lastDueAt = dueAt
      if (dueAt <= now && timers.size === 0) return deliver()
      const timer = setTimeout(() => {
        timers.delete(timer)
        deliver()
      }, dueAt - now)
      timers.add(timer)
    },
    clear() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      lastDueAt = 0
    },
  }
}
