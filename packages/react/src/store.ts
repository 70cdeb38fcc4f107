/** What React can read and follow; the same view until something changes. */
export interface Store<View> {
  readonly view: View
  subscribe(listener: () => void): () => void
}

/** A view with those who follow it. */
export interface MutableStore<View> extends Store<View> {
  set(view: View): void
}

/**
 * `attach` runs with the first who follows; what it returns, once the last one has left. Not in the same moment: in StrictMode
 * everybody leaves and is back at once, and nobody outside is to notice.
 */
export function createStore<View>(first: View, attach: () => () => void): MutableStore<View> {
  // Each registration is an entry of its own, so that a function added twice is removed once.
  const entries = new Set<{ readonly listener: () => void }>()
  let view = first
  let detach: (() => void) | undefined

  function leave(): void {
    if (entries.size > 0) return
    detach?.()
    detach = undefined
  }

  return {
    get view() {
      return view
    },
    set(next) {
      view = next
      for (const { listener } of [...entries]) listener()
    },
    subscribe(listener) {
      const entry = { listener }
      entries.add(entry)
      detach ??= attach()
      return () => {
        if (entries.delete(entry)) void Promise.resolve().then(leave)
      }
    },
  }
}
