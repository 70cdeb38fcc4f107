/** What the server counts, by stable name. Everything that is refused, cut or closed is counted with its reason. */
export interface Counters {
  add(name: string, label?: string): void
  /** `name` or `name{label}` → count. */
  snapshot(): Readonly<Record<string, number>>
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    add(name, label) {
      const key = label === undefined ? name : `${name}{${label}}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    snapshot: () => Object.fromEntries(counts),
  }
}
