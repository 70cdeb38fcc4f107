import {
  type DownMessage,
  type Gap,
  isErrorCode,
  MagpieError,
  type Message,
  type Position,
  type Subscribed,
  type Unsubscribed,
} from "@magpie/protocol"
import type { SubscribeOptions, Subscription, SubscriptionEvents, SubscriptionState } from "../channel.ts"
import { createListeners, type ListenersOf } from "../listeners.ts"
import type { RequestTable } from "../request/request-table.ts"
import type { Schedule } from "../schedule.ts"
import { admit, gapOfAnswer, isBehind, skips } from "./admit.ts"

/** Hears once of the server's answer, or of the end. */
export type OnSettled = (error: MagpieError | undefined) => void

/** One channel's subscription over all links: what is wanted, how far it has come, and what the server said. */
export interface ChannelSubscription {
  readonly view: Subscription
  /** The position reached, while the server is expected to keep us there; for the heartbeat's ping. */
  readonly livePosition: Position | undefined
  /** Wants the channel from now on; does nothing where it is wanted already. */
  want(): void
  /** Asks anew from the start given; without one, only where nothing was asked or answered yet. */
  ask(from: SubscribeOptions, settled: OnSettled): void
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
  readonly ask: RequestTable["ask"]
  deliver(message: Message): void
  onError(error: MagpieError): void
}

/** What the view shows, with the request whose answer alone counts: messages before it belong to an earlier subscription. */
type State =
  | Exclude<SubscriptionState, { readonly state: "subscribing" }>
  /** Without an id there is no link, or the server asked to wait. */
  | { readonly state: "subscribing"; readonly id: number | undefined }

export function createChannelSubscription({ channel, schedule, ask, deliver, onError }: ChannelSubscriptionOptions): ChannelSubscription {
  const listeners: ListenersOf<SubscriptionEvents> = {
    state: createListeners(onError, channel),
    gap: createListeners(onError, channel),
    recovered: createListeners(onError, channel),
  }
  const wait = schedule.createWait()
  let current: State = { state: "idle" }
  /** Where the next request begins: as its caller said, or right after what was reached. */
  let start: SubscribeOptions = {}
  let reached: Position | undefined
  /** The same, until nobody wants the channel any more: whatever start is asked for meanwhile, what follows is still to come. */
  let owed: Position | undefined
  /** The newest offset that listeners were given in that time and epoch: nothing up to there is given again. */
  let delivered = 0
  let settling: OnSettled[] = []

  /** The only place that changes the state; tells those who wait and those who watch. */
  function transition(next: State, ended?: MagpieError): void {
    const before = current.state
    wait.cancel()
    current = next
    if (next.state !== "subscribing") {
      const told = settling
      settling = []
      for (const settled of told) settled(next.state === "refused" ? next.error : ended)
    }
    if (next.state !== before || next.state === "refused") listeners.state.emit(next)
  }

  function sendAsk(): void {
    const { position, last } = start
    const id = ask({ type: "subscribe", channel, position, last }, "subscribed", (reply) => {
      // Whatever was asked later makes this answer meaningless.
      if (current.state !== "subscribing" || current.id !== id) return
      if (reply instanceof MagpieError) refused(reply)
      else answered(position, reply)
    })
    transition({ state: "subscribing", id })
  }

  function refused(error: MagpieError): void {
    if (error.retryable) askLater(error.retryAfterMs)
    else transition({ state: "refused", error })
  }

  function askLater(hintMs?: number): void {
    const next: State = { state: "subscribing", id: undefined }
    transition(next)
    // Unless a listener of the state has decided otherwise.
    if (current === next) wait.again(sendAsk, hintMs)
  }

  function answered(asked: Position | undefined, answer: Subscribed): void {
    const recovered = answer.answer === "recovered"
    const position = (recovered && asked) || answer.position
    if (owed && position && asked !== owed && skips(owed, position)) {
      start = { position: owed }
      return sendAsk()
    }
    // A start further back leaves nothing out.
    const gap = asked || owed?.epoch !== position?.epoch ? gapOfAnswer(asked ?? owed, answer) : undefined
    // The log fell back within its epoch: what was given at the offsets that come anew was something else.
    if (gap && position && Number(asked?.offset) > position.offset) delivered = 0
    if (position) reach(position)
    transition({ state: "live" })
    if (gap) listeners.gap.emit(gap)
    if (recovered && position) listeners.recovered.emit({ position })
  }

  /** However far back a start lies, what listeners were given is behind us. */
  function reach(position: Position): void {
    if (position.epoch !== owed?.epoch) delivered = 0
    owed = position.offset < delivered ? { epoch: position.epoch, offset: delivered } : position
    reached = owed
    start = { position: owed }
  }

  /** Something is missing in what is live: asks again from what was reached, at once the first time and then ever more patiently. */
  function fill(): void {
    if (current.state !== "live") return
    if (wait.failures > 0) return askLater()
    wait.failures = 1
    sendAsk()
  }

  function isAsked(): boolean {
    return current.state === "subscribing" && current.id !== undefined
  }

  function begin(from: SubscribeOptions): void {
    start = from
    wait.failures = 0
    sendAsk()
  }

  function onMessage(message: Message): void {
    const { offset, mark, since } = message
    if (offset === undefined || reached === undefined) return deliver(message)
    const verdict = admit(reached, offset, since)
    if (verdict === "hole") fill()
    if (verdict !== "next") return
    wait.failures = 0
    reach({ epoch: reached.epoch, offset, mark })
    delivered = offset
    deliver(message)
  }

  function onGap({ reason, from, to, skipped, position }: Gap): void {
    if (reached && from) {
      // What got lost in front of the gap is not in its bounds, and what was given already is not missing.
      if (from > reached.offset + 1) return fill()
      if (Number(to) <= reached.offset) return
      from = reached.offset + 1
    }
    if (position) reach(position)
    listeners.gap.emit({ channel, reason, from, to, skipped })
  }

  function onUnsubscribed({ id, code, message = "the server ended the subscription" }: Unsubscribed): void {
    // With an id it answers a request that nobody waits for any more.
    if (id !== undefined || code === undefined) return
    refused(new MagpieError(isErrorCode(code) ? code : "FORBIDDEN", message, { details: { code } }))
  }

  function compare(newest: Position): void {
    if (reached && isBehind(reached, newest)) fill()
  }

  const view: Subscription = {
    get state() {
      return current
    },
    get position() {
      return reached
    },
    on: (event, listener) => listeners[event].add(listener),
  }

  return {
    view,
    get livePosition() {
      return current.state === "live" ? reached : undefined
    },
    want() {
      if (current.state === "idle") begin({})
    },
    ask(from, settled) {
      const anew = from.last !== undefined || from.position !== undefined
      if (current.state === "live" && !anew) return settled(undefined)
      settling.push(settled)
      if (anew || current.state === "idle") begin(from)
      else if (!isAsked()) begin(start)
    },
    drop() {
      const known = current.state === "live" || isAsked()
      owed = undefined
      transition({ state: "idle" }, new MagpieError("ABORTED", "the channel was unsubscribed"))
      return new Promise((resolve) => {
        // Without a link, or with one that breaks, nothing is subscribed either.
        if (!known || ask({ type: "unsubscribe", channel }, "unsubscribed", () => resolve()) === undefined) resolve()
      })
    },
    online() {
      if (current.state === "subscribing") sendAsk()
    },
    offline() {
      wait.failures = 0
      if (current.state === "live" || current.state === "subscribing") transition({ state: "subscribing", id: undefined })
    },
    reconsider() {
      if (current.state === "refused") sendAsk()
    },
    receive(message) {
      if (current.state !== "live") return
      if (message.type === "message") onMessage(message)
      else if (message.type === "gap") onGap(message)
      else if (message.type === "position") compare(message.position)
      else if (message.type === "unsubscribed") onUnsubscribed(message)
    },
    compare,
    forgotten: fill,
    close(error) {
      transition({ state: "idle" }, error)
      for (const each of Object.values(listeners)) each.clear()
    },
  }
}
