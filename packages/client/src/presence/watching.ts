import { MagpieError, type Presence, type Watched, type WatchMode } from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import type { PresenceState } from "./presence.ts"
import type { PresenceChange, RoomView } from "./room-view.ts"

export interface WatchingOptions extends Pick<Extension, "name" | "ask" | "schedule"> {
  readonly view: RoomView
  onChange(change: PresenceChange): void
  onState(state: PresenceState): void
}

/** Members in a page; a server that gives fewer gives fewer. */
const PAGE_LENGTH = 500

type Phase =
  /** Nobody looks, or the server refused it. */
  | "off"
  /** What still comes of an earlier watch does not count. */
  | "asking"
  /** What changed since is still to come. */
  | "recovering"
  /** Pages of the snapshot are still to come. */
  | "reading"
  | "whole"

interface Place {
  readonly epoch: string
  readonly version: number
}

/** Keeps a view of a room true over links, servers and snapshots. */
export class Watching {
  readonly #options: WatchingOptions
  readonly #wait
  readonly #settle
  #phase: Phase = "off"
  #mode: WatchMode = "all"
  #place: Place = { epoch: "", version: 0 }
  /** Up to where everything is known; undefined where nothing is, or a snapshot was not read to its end. */
  #whole: Pick<Place, "epoch"> | undefined
  #isSettling = false
  /** The version that what changed since leads to. */
  #target = 0
  /** Counts questions: what an earlier one brings late has no owner. */
  #question = 0

  constructor(options: WatchingOptions) {
    this.#options = options
    this.#wait = options.schedule.createWait()
    this.#settle = options.schedule.createWait()
  }

  /** Asks for the room, from where it was left where that is possible. */
  begin(mode: WatchMode): void {
    if (mode !== this.#mode) this.#whole = undefined
    this.#mode = mode
    this.#ask()
  }

  #ask(): void {
    const { name: channel, ask } = this.#options
    const mine = ++this.#question
    this.#wait.cancel()
    this.#enterPhase("asking", { state: "connecting" })
    ask({ type: "watch", channel, mode: this.#mode, ...(this.#whole && this.#place) }, "watched", (reply) => {
      if (mine !== this.#question) return
      if (reply instanceof MagpieError) this.#refused(reply, () => this.#ask())
      else this.#begun(reply)
    })
  }

  #enterPhase(phase: Phase, state: PresenceState): void {
    this.#phase = phase
    this.#options.onState(state)
  }

  /** Asks again where that may help. Without a link the next one asks. */
  #refused(error: MagpieError, again: () => void): void {
    if (error.retryable) this.#wait.again(again, error.retryAfterMs)
    else this.stop({ state: "refused", error })
  }

  /** A watch begins, or the server gives a new snapshot in place of all that it told. */
  #begun({ answer, epoch, version, counts, page = [], next, mode, settlesInMs = 0 }: Watched): void {
    const { view, onChange } = this.#options
    this.#wait.failures = 0
    view.counts = counts
    if (answer === "recovered") {
      this.#target = version
      this.#phase = "recovering"
      return this.#endRecovery()
    }
    this.#place = { epoch, version }
    this.#whole = undefined
    view.beginSnapshot()
    this.#isSettling = settlesInMs > 0
    this.#settle.after(settlesInMs, () => {
      this.#isSettling = false
      // A link that died meanwhile has not told who came back: nobody leaves before the server has said something.
      if (this.#phase === "whole" && view.hasOlder) this.#ask()
    })
    const isPaged = mode === "all" && next !== undefined
    if (isPaged) this.#enterPhase("reading", { state: "loading" })
    onChange(view.page(page))
    if (isPaged) this.#read(next)
    else this.#becomeWhole()
  }

  #read(after: string): void {
    const { name: channel, ask, view, onChange } = this.#options
    const mine = ++this.#question
    ask({ type: "members", channel, limit: PAGE_LENGTH, after }, "members", (reply) => {
      if (mine !== this.#question) return
      if (!(reply instanceof MagpieError)) {
        this.#wait.failures = 0
        onChange(view.page(reply.page))
        if (reply.next === undefined) this.#becomeWhole()
        else this.#read(reply.next)
      } else if (reply.code === "EXPIRED") this.#wait.again(() => this.#ask(), undefined)
      else this.#refused(reply, () => this.#read(after))
    })
  }

  #endRecovery(): void {
    if (this.#phase === "recovering" && this.#place.version >= this.#target) this.#becomeWhole()
  }

  #becomeWhole(): void {
    this.#whole = this.#place
    this.#enterPhase("whole", { state: "live" })
    if (!this.#isSettling) this.#endSnapshot()
  }

  /** Who was known before and did not come back has left. */
  #endSnapshot(): void {
    const { view, onChange } = this.#options
    const change = view.endSnapshot()
    if (change.left.length > 0) onChange(change)
  }

  receive(message: Presence | Watched): void {
    if (this.#phase === "off" || this.#phase === "asking") return
    if (message.type === "watched") {
      this.#question++
      return this.#begun(message)
    }
    const { since = message.version - 1, version, counts } = message
    // Lost on a link that stayed up: what is missing is asked for.
    if (since !== this.#place.version) return this.#ask()
    this.#place = { ...this.#place, version }
    this.#options.view.counts = counts
    this.#options.onChange(this.#options.view.changes(message))
    this.#endRecovery()
  }

  /** The server ended the watch. */
  ended(error: MagpieError): void {
    this.#question++
    this.#enterPhase("asking", { state: "connecting" })
    this.#refused(error, () => this.#ask())
  }

  offline(): void {
    if (this.#phase === "off") return
    this.#question++
    this.#wait.cancel()
    this.#enterPhase("asking", { state: "connecting" })
  }

  /** What is still told counts for nothing. What was known stays as it was. */
  stop(state: PresenceState): void {
    this.#question++
    this.#wait.cancel()
    this.#settle.cancel()
    this.#whole = undefined
    this.#enterPhase("off", state)
  }
}
