import type { Told } from "./lines.ts"

/** So many of a conversation are kept. */
const MOST = 50

/**
 * What the server told last of a conversation, kept on this device: there at once after a reload, before there is a link. All
 * windows keep the same. Where nothing can be kept, everything comes from the server.
 */
export function keptLines(device: string, visitor: string) {
  const key = `/${visitor}`
  const open = (): Promise<Cache> => caches.open(`${device}/lines`)
  let next: readonly Told[] | undefined
  let isWriting = false

  async function write(): Promise<void> {
    if (isWriting) return
    isWriting = true
    try {
      while (next !== undefined) {
        const lines = next.slice(-MOST)
        next = undefined
        await (await open()).put(key, new Response(JSON.stringify(lines)))
      }
    } finally {
      isWriting = false
    }
  }

  return {
    async read(): Promise<readonly Told[]> {
      const kept = await (await open()).match(key)
      return kept === undefined ? [] : await kept.json()
    },
    /** Takes the place of what was kept. */
    keep(lines: readonly Told[]): void {
      next = lines
      void write().catch(() => {})
    },
  }
}
