import type { Counts, MagpieError, StateInput, StateOutput, WatchMode } from "@magpie/protocol"
import type { BroadcastChannel, CommandChannel, DocumentChannel, StreamChannel, TableChannel } from "../channel.ts"
import { createListeners, type Listeners, type ListenersOf } from "../listeners.ts"
import type { PresenceChange, PresentMember } from "./room-view.ts"
import { type Handle, sharedPresence } from "./shared-presence.ts"

/** How far what is known of the others is true. */
export type PresenceState =
  /** Nobody looks: `watch: false`, or closed. */
  | { readonly state: "off" }
  /** Asked for, not yet answered; what was known before a lost link stands still. */
  | { readonly state: "connecting" }
  /** True for those who are known, and more pages follow. */
  | { readonly state: "loading" }
  | { readonly state: "live" }
  /** The server refused or ended it; the next link asks again. What was known stands still. */
  | { readonly state: "refused"; readonly error: MagpieError }

export interface PresenceEvents<State = unknown> {
  /** Once for each message of the server; after the members and counts are changed, before the events of single members. */
  change: PresenceChange<State>
  join: PresentMember<State>
  update: PresentMember<State>
  leave: PresentMember<State>
  state: PresenceState
}

export interface PresenceOptions<K> {
  /** Enters with it at once. What the server refuses of that comes as the client's `error` event. */
  readonly state?: StateInput<K>
  /**
   * What to be told of the others. `"all"`, the default: every member. `"sampled"`, for rooms of many thousands: the 100 who
   * are there longest, as they are once a second. `"counts"`: how many there are. `false`: nothing.
   */
  readonly watch?: WatchMode | false
}

/**
 * Who is on a channel, and being there oneself. A session is one member over all its links: one that comes back within the
 * server's lease was never seen to leave.
 */
export interface Presence<K> {
  /** Live: the same object, changed before `change` is told. In the order in which they became known here. */
  readonly members: ReadonlyMap<string, PresentMember<StateOutput<K>>>
  /** Rises with each change of anything that can be read here. */
  readonly version: number
  /** This session's name among the members; undefined before the server has answered and while it is none. */
  readonly self: string | undefined
  /** All members and users, also those who are not told of or not loaded yet. */
  readonly counts: Counts
  readonly state: PresenceState
  /** Returns its disposer. */
  on<E extends keyof PresenceEvents>(event: E, listener: (value: PresenceEvents<StateOutput<K>>[E]) => void): () => void
  /**
   * Be present with this state, on this link and all that follow, until `leave` or `close`. Resolves when the server knows it,
   * or a newer one that was given meanwhile; waits for a link where there is none. Fails with FORBIDDEN, BAD_REQUEST,
   * TOO_LARGE, LIMIT_EXCEEDED or CLOSED.
   */
  enter(state: StateInput<K>): Promise<void>
  /** As `enter`, of one who has entered here. Fails with CONFLICT where that is not so. */
  update(state: StateInput<K>): Promise<void>
  /** Be present no longer. Resolves when the server knows it; at once where there is no link. */
  leave(): Promise<void>
  /** Leaves, and looks no longer, unless another handle of this channel does. Idempotent. */
  close(): void
}

/**
 * Presence on a channel whose contract has it. Handles of one channel share one session: it is present as long as one of them
 * is, with the state that was given last. Fails with BAD_REQUEST on what is no channel of a client or has no presence, and
 * with CLOSED.
 */
export function presence<K, Unknown extends undefined>(
  channel:
    | StreamChannel<K, Unknown>
    | BroadcastChannel<K, Unknown>
    | TableChannel<K, Unknown>
    | CommandChannel<K, Unknown>
    | DocumentChannel<K, Unknown>,
  options: PresenceOptions<K> = {},
): Presence<K> {
  const { watch = "all" } = options
  const shared = sharedPresence(channel)
  const { onError, view, own } = shared
  const listeners: ListenersOf<PresenceEvents> = {
    change: createListeners(onError, "change"),
    join: createListeners(onError, "join"),
    update: createListeners(onError, "update"),
    leave: createListeners(onError, "leave"),
    state: createListeners(onError, "state"),
  }
  const handle: Handle = {
    watch: watch === false ? undefined : watch,
    changed(change) {
      listeners.change.emit(change)
      emitAll(listeners.join, change.joined)
      emitAll(listeners.update, change.updated)
      emitAll(listeners.leave, change.left)
    },
    stateChanged: (state) => listeners.state.emit(state),
    ended() {
      for (const list of Object.values(listeners)) list.clear()
    },
  }
  shared.add(handle)
  if (options.state !== undefined) own.enter(handle, options.state).catch(onError)

  return {
    // The server took each state through the contract's schema.
    members: view.members as Presence<K>["members"],
    get version() {
      return shared.version
    },
    get self() {
      return shared.self
    },
    get counts() {
      return view.counts
    },
    get state() {
      return shared.state
    },
    on: (event, listener) => listeners[event].add(listener as (value: unknown) => void),
    enter: (state) => own.enter(handle, state),
    update: (state) => own.update(handle, state),
    leave: () => own.leave(handle),
    close: () => shared.remove(handle),
  }
}

function emitAll<T>(listeners: Listeners<T>, values: readonly T[]): void {
  for (const value of values) listeners.emit(value)
}
