import { createTraffic, type Traffic } from "./traffic.ts"

/** What the server counts, by stable name. Everything that is refused, cut, skipped or closed is counted with its reason. */
export interface Counters {
  add(name: string, label?: string, count?: number): void
  /** Not among the names: it is counted too often for a look-up. */
  readonly traffic: Traffic
  /** `name` or `name{label}` → count. */
  snapshot(): Readonly<Record<string, number>>
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    traffic: createTraffic(),
    add(name, label, count = 1) {
      const key = label === undefined ? name : `${name}{${label}}`
      counts.set(key, (counts.get(key) ?? 0) + count)
    },
    snapshot: () => Object.fromEntries(counts),
  }
}
