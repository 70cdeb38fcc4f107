import type { Lanes } from "./lanes.ts"

/** Lanes that live as long as this object. */
export function memoryLanes(): Lanes {
  const stored = new Map<number, Map<string, unknown>>()
  const held = new Set<number>()
  return {
    async list(keys) {
      const lanes = [...stored].filter(([, rows]) => [...rows.keys()].some((key) => key.startsWith(keys)))
      return lanes.map(([lane]) => lane).sort((a, b) => a - b)
    },
    async open(lane) {
      if (held.has(lane)) return undefined
      held.add(lane)
      const rows = stored.get(lane) ?? new Map<string, unknown>()
      stored.set(lane, rows)
      return {
        rows: new Map(rows),
        async write(changes) {
          for (const [key, value] of changes) {
            if (value === undefined) rows.delete(key)
            else rows.set(key, value)
          }
        },
        async close() {
          held.delete(lane)
        },
      }
    },
  }
}
