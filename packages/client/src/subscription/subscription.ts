import {
  type DownMessage,
  type Gap,
  isErrorCode,
  MagpieError,
  type Message,
  type Position,
  type Subscribed,
  type Timer,
  type Unsubscribed,
  type UpMessage,
} from "@magpie/protocol"
import type { SubscribeOptions, Subscription, SubscriptionEvents, SubscriptionState } from "../channel.ts"
import { createListeners, type ListenersOf } from "../listeners.ts"
import type { OnReply } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import { admit, gapOfAnswer, isBehind } from "./admit.ts"

/** One channel's subscription over all links: what is wanted, how far it has come, and what the server said. */
export interface ChannelSubscription {
  readonly view: Subscription
  /** The position reached, while the server is expected to keep us there; for the heartbeat's ping. */
  readonly livePosition: Position | undefined
  /** Wants the channel from now on; does nothing where it is wanted already. */
  want(): void
  /** Asks anew from the start given, or where the subscription stands. `settled` hears of the server's answer, or of the end, once. */
  ask(start: SubscribeOptions | undefined, settled: (error: MagpieError | undefined) => void): void
  /** Wants it no longer. Resolves when the server has confirmed, at once where it knows of nothing. */
  drop(): Promise<void>
  online(): void
  offline(): void
  /** New credentials may be allowed what the old ones were not. */
  reconsider(): void
  receive(message: DownMessage): void
  /** The server says that this is the newest position. */
  compare(newest: Position): void
  /** The server says that it sends us nothing of the channel. */
  forgotten(): void
  close(error: MagpieError): void
}

export interface ChannelSubscriptionOptions {
  readonly channel: string
  readonly schedule: Schedule
  retryMs(failures: number, hintMs: number | undefined): number
  ask(message: UpMessage, onReply: OnReply): number | undefined
  deliver(message: Message): void
  /** The answer names the channel's kind. */
  learnKind(kind: string): void
  onThrow(thrown: unknown): void
}

/** Where the next request begins: as its caller said, or right after what was reached. */
type Start = { readonly from: "options"; readonly options: SubscribeOptions } | { readonly from: "reached"; readonly position: Position }

type Phase =
  | { readonly phase: "idle" }
  /** Wanted, but there is no link, or the server asked to wait. */
  | { readonly phase: "waiting"; readonly retry: Timer | undefined }
  /** Only the answer to this request counts; messages before it belong to an earlier subscription. */
  | { readonly phase: "asked"; readonly id: number }
  | { readonly phase: "live" }
  | { readonly phase: "refused"; readonly error: MagpieError }

const FROM_NOW: Start = { from: "options", options: {} }

export function createChannelSubscription(options: ChannelSubscriptionOptions): ChannelSubscription {
  const { channel, schedule, deliver, onThrow } = options
  const listeners: ListenersOf<SubscriptionEvents> = {
    state: createListeners(onThrow),
    gap: createListeners(onThrow),
    recovered: createListeners(onThrow),
  }
  let current: Phase = { phase: "idle" }
  let state: SubscriptionState = { state: "idle" }
  let start: Start = FROM_NOW
  let reached: Position | undefined
  let failures = 0
  let settling: ((error: MagpieError | undefined) => void)[] = []

  /** The only place that changes the phase; tells those who wait and those who watch. */
  function transition(next: Phase, ended?: MagpieError): void {
    if (current.phase === "waiting") current.retry?.cancel()
    current = next
    const before = state
    state = publicState(next)
    if (next.phase === "live" || next.phase === "refused" || next.phase === "idle") {
      const told = settling
      settling = []
      for (const settled of told) settled(next.phase === "refused" ? next.error : ended)
    }
    if (state.state !== before.state || state.state === "refused") listeners.state.emit(state)
  }

  function sendAsk(): void {
    const asked = start
    const fields = asked.from === "reached" ? { position: asked.position } : { position: asked.options.position, last: asked.options.last }
    const id = options.ask({ type: "subscribe", channel, ...fields }, (reply) => {
      // Whatever was asked later makes this answer meaningless.
      if (current.phase !== "asked" || current.id !== id) return
      if (reply instanceof MagpieError) refused(reply)
      else if (reply.type === "subscribed") answered(asked, reply)
    })
    transition(id === undefined ? { phase: "waiting", retry: undefined } : { phase: "asked", id })
  }

  function refused(error: MagpieError): void {
    if (error.retryable) retryLater(error.retryAfterMs)
    else transition({ phase: "refused", error })
  }

  function retryLater(hintMs?: number): void {
    transition({ phase: "waiting", retry: schedule.after(options.retryMs(failures++, hintMs), sendAsk) })
  }

  function answered(asked: Start, answer: Subscribed): void {
    options.learnKind(answer.kind)
    const askedPosition = asked.from === "reached" ? asked.position : asked.options.position
    const gap = gapOfAnswer(askedPosition, answer)
    const position = answer.answer === "recovered" ? (askedPosition ?? answer.position) : answer.position
    if (position !== undefined) reach(position)
    transition({ phase: "live" })
    if (gap) listeners.gap.emit(gap)
    if (answer.answer === "recovered" && position !== undefined) listeners.recovered.emit({ position })
  }

  function reach(position: Position): void {
    reached = position
    start = { from: "reached", position }
  }

  /** Something is missing: asks again from what was reached, at once the first time and then ever more patiently. */
  function fill(): void {
    if (failures === 0) {
      failures = 1
      sendAsk()
    } else retryLater()
  }

  function onMessage(message: Message): void {
    if (current.phase !== "live") return
    const { offset, mark } = message
    if (offset === undefined || reached === undefined) {
      deliver(message)
      return
    }
    const verdict = admit(reached, offset)
    if (verdict === "hole") fill()
    if (verdict !== "next") return
    failures = 0
    reach({ epoch: reached.epoch, offset, mark })
    deliver(message)
  }

  function onGap({ reason, from, to, skipped, position }: Gap): void {
    if (current.phase !== "live") return
    if (position !== undefined) reach(position)
    listeners.gap.emit({ channel, reason, from, to, skipped })
  }

  function onUnsubscribed({ code, message = "the server ended the subscription" }: Unsubscribed): void {
    if (current.phase !== "live" || code === undefined) return
    refused(new MagpieError(isErrorCode(code) ? code : "FORBIDDEN", message, { details: { code } }))
  }

  function compare(newest: Position): void {
    if (current.phase === "live" && reached !== undefined && isBehind(reached, newest)) fill()
  }

  const view: Subscription = {
    get state() {
      return state
    },
    get position() {
      return reached
    },
    on: (event, listener) => listeners[event].add(listener),
  }

  return {
    view,
    get livePosition() {
      return current.phase === "live" ? reached : undefined
    },
    want() {
      if (current.phase !== "idle") return
      start = FROM_NOW
      failures = 0
      sendAsk()
    },
    ask(from, settled) {
      if (current.phase === "idle") start = FROM_NOW
      if (from?.last !== undefined || from?.position !== undefined) start = { from: "options", options: from }
      else if (current.phase === "live") return settled(undefined)
      settling.push(settled)
      failures = 0
      if (current.phase !== "asked" || start.from === "options") sendAsk()
    },
    drop() {
      const known = current.phase === "asked" || current.phase === "live"
      transition({ phase: "idle" }, new MagpieError("ABORTED", "the channel was unsubscribed"))
      start = FROM_NOW
      if (!known) return Promise.resolve()
      return new Promise((resolve) => {
        // Without a link, or with one that breaks, nothing is subscribed either.
        if (options.ask({ type: "unsubscribe", channel }, () => resolve()) === undefined) resolve()
      })
    },
    online() {
      if (current.phase === "waiting") sendAsk()
    },
    offline() {
      failures = 0
      if (current.phase === "asked" || current.phase === "live") transition({ phase: "waiting", retry: undefined })
    },
    reconsider() {
      if (current.phase === "refused") sendAsk()
    },
    receive(message) {
      if (message.type === "message") onMessage(message)
      else if (message.type === "gap") onGap(message)
      else if (message.type === "position") compare(message.position)
      else if (message.type === "unsubscribed") onUnsubscribed(message)
    },
    compare,
    forgotten() {
      if (current.phase === "live") fill()
    },
    close(error) {
      transition({ phase: "idle" }, error)
      for (const each of Object.values(listeners)) each.clear()
    },
  }
}

function publicState(phase: Phase): SubscriptionState {
  if (phase.phase === "refused") return { state: "refused", error: phase.error }
  if (phase.phase === "live" || phase.phase === "idle") return { state: phase.phase }
  return { state: "subscribing" }
}
