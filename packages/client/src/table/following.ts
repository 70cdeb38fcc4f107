import { isErrorCode, MagpieError, type Rows, type Subscribe } from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import { createRowKeeper } from "./row-keeper.ts"
import type { Row, TableChange, TableRate, TableState } from "./table.ts"

export interface FollowingOptions {
  readonly choice: Pick<Subscribe, "keys" | "prefix" | "fields" | "filter">
  readonly pace: PaceWanted
  changed(change: TableChange): void
  stateChanged(state: TableState): void
  rateChanged(rate: TableRate): void
}

type PaceWanted = Pick<Subscribe, "intervalMs" | "maxBytesPerSecond">

/** The subscription to a table over all links. */
export interface Following {
  readonly rows: ReadonlyMap<string, Row<unknown>>
  readonly state: TableState
  readonly rate: TableRate
  setPace(wanted: Partial<PaceWanted>): void
  close(): void
}

export function createFollowing(channel: Extension, options: FollowingOptions): Following {
  const { name, ask, schedule } = channel
  const keeper = createRowKeeper(options.choice.filter !== undefined)
  const wait = schedule.createWait()
  let { pace } = options
  let rate: TableRate = { rate: undefined, slowedBy: undefined }
  let state: TableState = { state: "loading" }
  /** The request whose answer alone counts: rows before it belong to an earlier subscription. */
  let asked: number | undefined
  let isAnswered = false

  function transition(next: TableState): void {
    const before = state.state
    state = next
    if (next.state !== before) options.stateChanged(next)
  }

  function subscribe(): void {
    wait.cancel()
    isAnswered = false
    const asking = pace
    const { intervalMs, maxBytesPerSecond } = pace
    const chosen = {
      ...options.choice,
      ...(intervalMs !== undefined && { intervalMs }),
      ...(maxBytesPerSecond !== undefined && { maxBytesPerSecond }),
    }
    const position = keeper.begin()
    const id = ask({ type: "subscribe", channel: name, ...(position && { position }), ...chosen }, "subscribed", (reply) => {
      if (asked !== id || state.state === "closed") return
      if (reply instanceof MagpieError) return refused(reply)
      isAnswered = true
      // Chosen while the answer was on its way.
      if (asking !== pace) return subscribe()
      setRate(reply)
      transition({ state: reply.answer === "recovered" ? "live" : "loading" })
    })
    asked = id
  }

  function refused(error: MagpieError): void {
    isAnswered = false
    if (!error.retryable) return transition({ state: "refused", error })
    transition({ state: "loading" })
    wait.again(subscribe, error.retryAfterMs)
  }

  function setRate({ intervalMs, slowedBy }: Pick<Rows, "intervalMs" | "slowedBy">): void {
    if (intervalMs === undefined) return
    const next = { rate: intervalMs === 0 ? undefined : 1_000 / intervalMs, slowedBy }
    if (next.rate === rate.rate && next.slowedBy === rate.slowedBy) return
    rate = next
    options.rateChanged(next)
  }

  function receive(message: Rows): void {
    if (!isAnswered) return
    setRate(message)
    const taken = keeper.take(message)
    if (taken === "lost") return subscribe()
    if (taken === undefined) return
    wait.failures = 0
    if (taken.changed.length > 0) options.changed({ keys: taken.changed, skipped: taken.skipped })
    if (message.more !== true && isAnswered) transition({ state: "live" })
  }

  function end(): void {
    wait.cancel()
    isAnswered = false
    transition({ state: "closed" })
  }

  const stop = channel.follow(
    { rows: { channel: "string", since: "number", position: "object", rows: "object" }, unsubscribed: { channel: "string" } },
    {
      online: subscribe,
      receive(message) {
        if (message.type === "rows") return receive(message)
        const { id, code, message: text = "the server ended the subscription" } = message
        if (id !== undefined || code === undefined) return
        refused(new MagpieError(isErrorCode(code) ? code : "FORBIDDEN", text))
      },
      offline() {
        wait.cancel()
        isAnswered = false
        asked = undefined
        if (state.state !== "refused") transition({ state: "loading" })
      },
      close: end,
    },
  )

  return {
    rows: keeper.rows,
    get state() {
      return state
    },
    get rate() {
      return rate
    },
    setPace(wanted) {
      pace = { ...pace, ...wanted }
      if (isAnswered) subscribe()
    },
    close() {
      if (state.state === "closed") return
      stop()
      ask({ type: "unsubscribe", channel: name }, "unsubscribed", () => {})
      end()
    },
  }
}
