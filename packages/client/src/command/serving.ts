import { type Command, isErrorCode, isFinal, MagpieError } from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import { createJobs, type Handlers } from "./jobs.ts"
import { createReporting } from "./reporting.ts"
import type { ServingState } from "./serve-commands.ts"
import type { CommandStore } from "./store.ts"

export interface ServingOptions {
  readonly store: CommandStore
  readonly handlers: Handlers
  readonly concurrency: number
  stateChanged(state: ServingState): void
}

/** One device's hold on a channel, over all links, until another takes it. */
export interface Serving {
  readonly state: ServingState
  close(): Promise<void>
}

const COMMAND_FIELDS = { channel: "string", command: "string", name: "string", state: "string", version: "number", deadline: "number" }

export function createServing(inside: Extension, options: ServingOptions): Serving {
  const { name: channel, ask, schedule } = inside
  const reporting = createReporting(inside)
  const jobs = createJobs(inside, { ...options, reporting })
  const wait = schedule.createWait()
  let state: ServingState = { state: "connecting" }
  /** Where in which epoch this device took the channel over. */
  let held: { readonly fence: number; readonly epoch: string } | undefined
  let asked: number | undefined

  function transition(next: ServingState): void {
    if (state.state === "ended") return
    const before = state.state
    state = next
    if (next.state !== before) options.stateChanged(next)
  }

  function serve(): void {
    wait.cancel()
    const data = { action: "serve", ...held }
    const id = ask({ type: "publish", channel, name: "$command", data }, "published", (reply) => {
      if (asked !== id || state.state === "ended") return
      if (reply instanceof MagpieError) return refused(reply)
      wait.failures = 0
      const { offset = 0, epoch = "" } = reply.position ?? {}
      held ??= { fence: offset, epoch }
      transition({ state: "serving" })
      reporting.begin(held.fence)
    })
    asked = id
  }

  function refused(error: MagpieError): void {
    if (error.code === "UNRECOVERABLE" && held !== undefined) {
      // The log is another one, and knows nothing of this device.
      held = undefined
      return serve()
    }
    if (error.retryable) wait.again(serve, error.retryAfterMs)
    else end(error)
  }

  function end(error: MagpieError): void {
    if (state.state === "ended") return
    stop()
    wait.cancel()
    reporting.end(error)
    jobs.end(error)
    transition({ state: "ended", error })
  }

  function receive(message: Command): void {
    if (isFinal(message.state)) jobs.ended(message.command)
    else if (message.cancel === true && jobs.has(message.command)) jobs.cancel(message.command)
    else if (message.input !== undefined) jobs.take(message)
  }

  const stop = inside.follow(
    { command: COMMAND_FIELDS, unserved: { channel: "string", code: "string" } },
    {
      online: serve,
      receive(message) {
        if (message.type === "command") return receive(message)
        // That is about one that this client has called.
        if (message.command !== undefined) return
        const error = new MagpieError(isErrorCode(message.code) ? message.code : "CONFLICT", message.message)
        if (error.retryable) refused(error)
        else end(error)
      },
      offline() {
        wait.cancel()
        asked = undefined
        reporting.pause()
        transition({ state: "connecting" })
      },
      close: end,
    },
  )

  return {
    get state() {
      return state
    },
    async close() {
      if (state.state === "ended") return
      if (state.state === "serving" && held !== undefined) {
        const data = { action: "leave", fence: held.fence }
        ask({ type: "publish", channel, name: "$command", data }, "published", () => {})
      }
      end(new MagpieError("CLOSED", "the device serves no longer"))
      await jobs.settled()
    },
  }
}
