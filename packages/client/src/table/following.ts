import { isErrorCode, MagpieError, type Rows } from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import { createRowKeeper } from "./row-keeper.ts"
import type { Row, TableChange, TableState } from "./table.ts"

export interface FollowingOptions {
  readonly choice: { readonly keys: readonly string[] | undefined; readonly prefix: string | undefined }
  readonly intervalMs: number | undefined
  changed(change: TableChange): void
  stateChanged(state: TableState): void
}

/** The subscription to a table over all links. */
export interface Following {
  readonly rows: ReadonlyMap<string, Row<unknown>>
  readonly state: TableState
  setInterval(intervalMs: number | undefined): void
  close(): void
}

export function createFollowing(channel: Extension, options: FollowingOptions): Following {
  const { name, ask, schedule } = channel
  const keeper = createRowKeeper()
  const wait = schedule.createWait()
  let { intervalMs } = options
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
    const { keys, prefix } = options.choice
    const chosen = { ...(keys && { keys }), ...(prefix !== undefined && { prefix }), ...(intervalMs !== undefined && { intervalMs }) }
    const position = keeper.begin()
    const interval = intervalMs
    const id = ask({ type: "subscribe", channel: name, ...(position && { position }), ...chosen }, "subscribed", (reply) => {
      if (asked !== id || state.state === "closed") return
      if (reply instanceof MagpieError) return refused(reply)
      isAnswered = true
      // Chosen while the answer was on its way.
      if (interval !== intervalMs) return subscribe()
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

  function receive(message: Rows): void {
    if (!isAnswered) return
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
    setInterval(next) {
      intervalMs = next
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
