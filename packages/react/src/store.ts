/** What React can read and follow; the same view until something changes. */
export interface Store<View> {
  readonly view: View
  subscribe(listener: () => void): () => void
}

/** A view with those who follow it. `attach` runs with the first of them; what it returns, when the last one has left. */
export interface MutableStore<View> extends Store<View> {
  set(view: View): void
}

export function createStore<View>(first: View, attach: () => () => void): MutableStore<View> {
  // Each registration is an entry of its own, so that a function added twice is removed once.
  const entries = new Set<{ readonly listener: () => void }>()
  let view = first
  let detach = (): void => {}
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
      if (entries.size === 1) detach = attach()
      return () => {
        if (entries.delete(entry) && entries.size === 0) detach()
      }
    },
  }
}
