import { MagpieError } from "@magpie/protocol"

/** Listeners of one event. */
export interface Listeners<T> {
  readonly size: number
  /** Returns its disposer; calling that twice is harmless, and never removes another one's listener. */
  add(listener: (value: T) => void): () => void
  /** Calls those that were there at the start, in order. One that throws is reported, and the others still run. */
  emit(value: T): void
  clear(): void
}

/** One list for each event of an interface. */
export type ListenersOf<Events> = { readonly [E in keyof Events]: Listeners<Events[E]> }

/** `of` is said in the report about a listener that threw. */
export function createListeners<T>(onError: (error: MagpieError) => void, of: string): Listeners<T> {
  // Each registration is an entry of its own, so that a function added twice is called twice and removed once.
  const entries = new Set<{ readonly listener: (value: T) => void }>()
  return {
    get size() {
      return entries.size
    },
    add(listener) {
      const entry = { listener }
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    emit(value) {
      for (const entry of [...entries]) {
        if (!entries.has(entry)) continue
        try {
          entry.listener(value)
        } catch (cause) {
          onError(new MagpieError("INTERNAL", `a listener of ${of} threw`, { cause }))
        }
      }
    },
    clear: () => entries.clear(),
  }
}
