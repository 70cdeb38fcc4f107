import { type Presence, presence } from "@magpie/client/presence"
import { type MagpieError, type StateInput, toMagpieError, type WatchMode } from "@magpie/protocol"
import type { ChannelWithPresence } from "./pages.ts"
import { createStore, type Store } from "./store.ts"

/** Who is there, as a component shows it. */
export interface PresenceView<K> extends Pick<Presence<K>, "members" | "version" | "self" | "counts"> {
  /** How far it is true; `off` where nobody looks. */
  readonly state: Presence<K>["state"]["state"]
  /** Why the others cannot be seen, or why this session is not let in among them. */
  readonly error: MagpieError | undefined
}

export interface PresenceStore<K> extends Store<PresenceView<K>> {
  /** Shows this state as one's own, as long as somebody follows; none with undefined. */
  show(state: StateInput<K> | undefined): void
}

const NOBODY = { members: new Map<string, never>(), version: 0, self: undefined, counts: { members: 0, users: 0 } }

export function createPresenceStore<K>(channel: ChannelWithPresence<K>, watch: WatchMode | false): PresenceStore<K> {
  let handle: Presence<K> | undefined
  let own: StateInput<K> | undefined
  /** Why this session is not in, as long as it is not. */
  let refused: MagpieError | undefined
  const store = createStore<PresenceView<K>>({ ...NOBODY, state: "off", error: undefined }, attach)

  function attach(): () => void {
    try {
      const begun = presence<K, undefined>(channel, { watch })
      handle = begun
      refused = undefined
      const disposers = [begun.on("change", look), begun.on("state", look)]
      look()
      if (own !== undefined) enter(own)
      return () => {
        for (const dispose of disposers) dispose()
        begun.close()
        handle = undefined
      }
    } catch (error) {
      store.set({ ...store.view, error: toMagpieError(error) })
      return () => {}
    }
  }

  /** A new view each time, because members are the same object for ever. */
  function look(): void {
    if (handle === undefined) return
    const { members, version, self, counts, state } = handle
    const error = state.state === "refused" ? state.error : refused
    store.set({ members, version, self, counts, state: state.state, error })
  }

  /** What becomes of it while it still counts. */
  function follow(done: Promise<void> | undefined): void {
    const mine = handle
    const tell = (error?: MagpieError): void => {
      if (mine !== handle) return
      refused = error
      look()
    }
    done?.then(
      () => tell(),
      (thrown) => tell(toMagpieError(thrown)),
    )
  }

  function enter(state: StateInput<K>): void {
    follow(handle?.enter(state))
  }

  return {
    get view() {
      return store.view
    },
    subscribe: store.subscribe,
    show(state) {
      own = state
      if (state !== undefined) enter(state)
      else follow(handle?.leave())
    },
  }
}
