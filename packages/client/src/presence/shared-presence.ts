import { isErrorCode, type Left, MagpieError, type Unwatched, type WatchMode } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import { extend } from "../extension.ts"
import { OwnPresence } from "./own-presence.ts"
import type { PresenceState } from "./presence.ts"
import { type PresenceChange, RoomView } from "./room-view.ts"
import { Watching } from "./watching.ts"

/** One user of a channel's presence. */
export interface Handle {
  /** Undefined where it does not look. */
  readonly watch: WatchMode | undefined
  changed(change: PresenceChange): void
  stateChanged(state: PresenceState): void
  /** Nothing follows. */
  ended(): void
}

/** What all handles of one channel share: the session's own presence, and one look at the others. */
export interface SharedPresence {
  readonly view: RoomView
  readonly self: string | undefined
  readonly state: PresenceState
  readonly version: number
  readonly own: {
    enter(handle: Handle, state: unknown): Promise<void>
    update(handle: Handle, state: unknown): Promise<void>
    leave(handle: Handle): Promise<void>
  }
  onError(error: MagpieError): void
  add(handle: Handle): void
  remove(handle: Handle): void
}

const SHARED = new WeakMap<object, SharedPresence>()
const CHANNEL = { channel: "string" }
/** What this entry relies on in each message. */
const MESSAGES = {
  entered: { ...CHANNEL, member: "string" },
  left: CHANNEL,
  watched: { ...CHANNEL, answer: "string", epoch: "string", version: "number", counts: "object" },
  unwatched: CHANNEL,
  members: { ...CHANNEL, page: "object" },
  presence: { ...CHANNEL, version: "number", counts: "object" },
}
/** The weakest first. */
const MODES = [undefined, "counts", "sampled", "all"] as const

export function sharedPresence(channel: object): SharedPresence {
  const shared = SHARED.get(channel) ?? share(channel)
  SHARED.set(channel, shared)
  return shared
}

function share(channel: object): SharedPresence {
  const { name, contract, kind, clock, schedule, onError, start, ask, send, linkNumber, follow } = extend(channel)
  if (kind !== undefined && kind.presence === undefined) throw badField("channel", "has no presence in the contract")
  const handles = new Set<Handle>()
  const states = new Map<Handle, unknown>()
  const view = new RoomView()
  let self: string | undefined
  let state: PresenceState = { state: "off" }
  let version = 0
  let mode: WatchMode | undefined
  let isOnline = false
  /** Whose state the server was told. */
  let told: Handle | undefined
  let stopFollowing: (() => void) | undefined

  const own = new OwnPresence({
    name,
    ask,
    schedule,
    linkNumber,
    onMember(member) {
      if (member === self) return
      self = member
      changed({ joined: [], updated: [], left: [] })
    },
    onEnded(error, isAwaited) {
      states.clear()
      told = undefined
      if (!isAwaited) onError(error)
    },
  })
  const watching = new Watching({ name, ask, schedule, view, onChange: changed, onState: stateChanged })

  function changed(change: PresenceChange): void {
    version++
    for (const handle of [...handles]) if (handles.has(handle)) handle.changed(change)
  }

  function stateChanged(next: PresenceState): void {
    if (next.state === state.state && next.state !== "refused") return
    state = next
    version++
    for (const handle of [...handles]) if (handles.has(handle)) handle.stateChanged(next)
  }

  function strongestMode(): WatchMode | undefined {
    return MODES[Math.max(0, ...[...handles].map((handle) => MODES.indexOf(handle.watch)))]
  }

  /** Looks as closely as the one who looks most closely. */
  function look(): void {
    const wanted = strongestMode()
    if (wanted === mode) return
    mode = wanted
    if (!isOnline) return
    if (mode !== undefined) return watching.begin(mode)
    watching.stop({ state: "off" })
    send({ type: "unwatch", channel: name })
  }

  function endedBy({ code, message = "the server ended it" }: Left | Unwatched): MagpieError {
    return new MagpieError(isErrorCode(code) ? code : "FORBIDDEN", message, { details: { code } })
  }

  function begin(): void {
    stopFollowing = follow(MESSAGES, {
      online() {
        isOnline = true
        // First, so that a snapshot has this session in it.
        own.online()
        if (mode !== undefined) watching.begin(mode)
      },
      receive(message) {
        if (message.type === "presence" || message.type === "watched") watching.receive(message)
        else if (message.type === "left" && message.code !== undefined) own.ended(endedBy(message))
        else if (message.type === "unwatched" && message.code !== undefined) watching.ended(endedBy(message))
      },
      offline() {
        isOnline = false
        own.offline()
        watching.offline()
      },
      close(error) {
        isOnline = false
        own.close(error)
        watching.stop({ state: "off" })
        for (const handle of [...handles]) end(handle)
      },
    })
  }

  function end(handle: Handle): void {
    handles.delete(handle)
    states.delete(handle)
    handle.ended()
  }

  /** At the end of the turn, because a component that is put away and back in one turn is not to be seen leaving. */
  function tidy(): void {
    clock.defer(() => {
      settleOwn().catch(onError)
      look()
      if (handles.size > 0) return
      own.offline()
      stopFollowing?.()
      stopFollowing = undefined
      isOnline = false
      view.clear()
    })
  }

  /** Of those who are present the one who said so last counts. */
  async function settleOwn(): Promise<void> {
    const last = [...states.keys()].at(-1)
    if (last === undefined) await own.leave()
    else if (last !== told) await own.enter(states.get(last))
    told = last
  }

  async function enter(handle: Handle, given: unknown): Promise<void> {
    start()
    if (!handles.has(handle)) throw new MagpieError("CLOSED", "the presence was closed")
    if (kind !== undefined) contract?.validateState(kind, given)
    states.delete(handle)
    states.set(handle, given)
    told = handle
    await own.enter(given)
  }

  return {
    view,
    get self() {
      return self
    },
    get state() {
      return state
    },
    get version() {
      return version
    },
    own: {
      enter,
      async update(handle, given) {
        if (!states.has(handle)) throw new MagpieError("CONFLICT", "enter first")
        await enter(handle, given)
      },
      async leave(handle) {
        if (states.delete(handle)) await settleOwn()
      },
    },
    onError,
    add(handle) {
      start()
      handles.add(handle)
      if (stopFollowing === undefined) begin()
      look()
    },
    remove(handle) {
      if (!handles.has(handle)) return
      end(handle)
      tidy()
    },
  }
}
