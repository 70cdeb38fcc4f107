import { AWARENESS, type AwarenessData, MagpieError } from "@magpie/protocol"
import { Awareness, applyAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness"
import type { Received, StreamChannel } from "../channel.ts"
import { channelOf, type SharedDocument } from "../document/open-document.ts"
import { varint } from "../document/varint.ts"
import { extend } from "../extension.ts"

export interface AwarenessOptions {
  /** What editors and other bindings share. Default: a new one. */
  readonly awareness?: Awareness
}

/** Cursors, selections and names of who edits a document, at most once and stored nowhere. */
export interface SharedAwareness {
  /** Set what you show with `setLocalStateField`; editors take it as it is. */
  readonly awareness: Awareness
  /** The user ids of who shows something, by the client's id, as the server has seen them; undefined for anonymous ones. */
  readonly users: ReadonlyMap<number, string | undefined>
  /** Takes back what was shown. Idempotent. */
  close(): void
}

/** At most so often what changes is told. */
const INTERVAL_MS = 50

/**
 * Shows where the editors of a document are, for as long as it is open. To be called right after `openDocument`: what others show is
 * told with the document, and later each time that they show themselves again, which is every 15 seconds. Whoever may follow the
 * document may show itself, also who may not edit it. One that is gone is taken away with its link, or after 30 seconds of silence.
 * Fails with BAD_REQUEST.
 */
export function shareAwareness(document: SharedDocument, options: AwarenessOptions = {}): SharedAwareness {
  const channel = channelOf(document)
  const { name, ask, schedule, follow, onError } = extend(channel)
  const awareness = options.awareness ?? new Awareness(document.doc)
  const users = new Map<number, string | undefined>()
  const pause = schedule.createWait()
  /** Marks what comes from the server. */
  const origin = {}
  let isLive = document.state.state === "live"
  let isPausing = false
  let isChanged = false
  let isClosed = false

  function tell(): void {
    isChanged = true
    if (!isLive || isPausing) return
    isChanged = false
    isPausing = true
    pause.after(INTERVAL_MS, () => {
      isPausing = false
      if (isChanged) tell()
    })
    const { clientID, meta } = awareness
    const data: AwarenessData = { client: clientID, clock: meta.get(clientID)?.clock ?? 0, state: awareness.getLocalState() }
    ask({ type: "publish", channel: name, name: AWARENESS, data }, "published", (reply) => {
      if (reply instanceof MagpieError && !reply.retryable && reply.code !== "CLOSED") onError(reply)
    })
  }

  /** That the link before ended was told as the state after the last one, so this has to be the one after that. */
  function showAnew(): void {
    const state = awareness.getLocalState()
    if (state === null) return
    awareness.setLocalState(state)
    awareness.setLocalState(state)
  }

  function updated({ added, updated: changed, removed }: Record<"added" | "updated" | "removed", number[]>, from: unknown): void {
    if (from !== origin && [...added, ...changed, ...removed].includes(awareness.clientID)) tell()
  }

  function receive({ data, from }: Received): void {
    const { client, clock, state } = data as AwarenessData
    if (client === awareness.clientID || typeof client !== "number" || typeof clock !== "number") return
    if (state === null) users.delete(client)
    else users.set(client, from)
    applyAwarenessUpdate(awareness, encoded({ client, clock, state }), origin)
  }

  /** Without a link nobody is seen. */
  function forgetOthers(): void {
    isLive = false
    users.clear()
    const others = [...awareness.states.keys()].filter((client) => client !== awareness.clientID)
    removeAwarenessStates(awareness, others, origin)
    // What they show when there is a link again may have the clock that it had.
    for (const client of others) awareness.meta.delete(client)
  }

  function close(): void {
    if (isClosed) return
    isClosed = true
    // While it can still be told.
    isPausing = false
    awareness.setLocalState(null)
    isLive = false
    for (const stop of stops) stop()
    pause.cancel()
    awareness.off("update", updated)
    forgetOthers()
    if (options.awareness === undefined) awareness.destroy()
  }

  awareness.on("update", updated)
  // The object has what each kind has; its type picks from that.
  const messages = channel as StreamChannel<{ readonly messages: Readonly<Record<typeof AWARENESS, never>> }>
  const stops = [
    messages.on(AWARENESS, receive),
    document.on("state", ({ state }) => {
      if (state === "closed") return close()
      if (state !== "live") return state === "loading" ? undefined : forgetOthers()
      isLive = true
      showAnew()
    }),
    follow({}, { offline: forgetOthers, close }),
  ]
  if (isLive) showAnew()
  return { awareness, users, close }
}

/** As `y-protocols` has it: how many, then of each the client, its clock and its state as JSON. */
function encoded({ client, clock, state }: AwarenessData): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(state))
  return Uint8Array.from([1, ...varint(client), ...varint(clock), ...varint(text.length), ...text])
}
