import type { Told } from "./lines.ts"

/** So many of a conversation are kept. */
const MOST = 50

/**
 * What the server told last of a conversation, kept on this device: there at once after a reload, before there is a link. All
 * windows keep the same. Where nothing can be kept, everything comes from the server. The client's inbox would ask for the
 * difference alone; with it the widget would weigh more than its 30 KiB, and deleted lines would have no place after a reload.
 */
export function keptLines(device: string, visitor: string) {
  const key = `/${visitor}`
  const open = (): Promise<Cache> => caches.open(`${device}/lines`)
  let next: readonly Told[] | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const lines = next?.slice(-MOST)
    next = undefined
    if (lines !== undefined) await (await open()).put(key, new Response(JSON.stringify(lines)))
  }

  return {
    read: async (): Promise<readonly Told[]> => (await (await open()).match(key))?.json() ?? [],
    /** Takes the place of what was kept. */
    keep(lines: readonly Told[]): void {
      next = lines
      writing = writing.then(write).catch(() => {})
    },
  }
}
