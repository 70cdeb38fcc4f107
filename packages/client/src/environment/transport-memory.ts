import type { TransportMemory } from "../transports/memory.ts"

const KEY = "magpie.transport"

/** A page remembers across reloads; a page that may not, and Node, do not. */
export const pageMemory: TransportMemory = {
  read: () => attempt(() => storage()?.getItem(KEY)) ?? undefined,
  write(name) {
    attempt(() => (name === undefined ? storage()?.removeItem(KEY) : storage()?.setItem(KEY, name)))
  },
}

function storage(): Storage | undefined {
  return typeof document === "undefined" ? undefined : globalThis.localStorage
}

/** Storage may be forbidden or full, which is no reason not to connect. */
function attempt<T>(task: () => T): T | undefined {
  try {
    return task()
  } catch {
    return undefined
  }
}
