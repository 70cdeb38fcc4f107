import { type Command, type CommandState, isErrorCode, isFinal, MagpieError, toMagpieError, type Unserved } from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import type { Wait } from "../schedule.ts"
import type { Call, CallOptions } from "./commands.ts"
import { elapsedSince, type Moment, momentOf } from "./moment.ts"

export interface WantedCall extends Omit<CallOptions, "id" | "deadlineMs"> {
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly deadlineMs: number | undefined
}

/** How a command ended, as the server told it. */
export type Ended = { readonly id: string; readonly state: CommandState } & Pick<Command, "output" | "error">

/** Calls over all links, until each has ended. */
export interface Calls {
  pending(): readonly Call[]
  call(wanted: WantedCall): Promise<Ended>
}

interface Pending {
  readonly wanted: WantedCall
  readonly calledAt: Moment
  readonly wait: Wait
  version: number
  state: CommandState | undefined
  /** Whether it has ever left, so that the server may have it. */
  hasLeft: boolean
  isCancelled: boolean
  /** Nobody listens to its signal any more. */
  forget(): void
  resolve(ended: Ended): void
  reject(error: MagpieError): void
}

const FIELDS = { channel: "string", command: "string", state: "string", version: "number" }

export function createCalls(inside: Extension): Calls {
  const { name: channel, ask, clock, schedule, onError } = inside
  const calls = new Set<Pending>()
  let stop: (() => void) | undefined
  let isOnline = false

  function follow(): void {
    stop ??= inside.follow(
      { command: FIELDS, unserved: { channel: "string", code: "string" } },
      {
        online() {
          isOnline = true
          for (const call of [...calls]) {
            // How it stands is told anew, and by a log that was set back with a lower version.
            call.version = 0
            send(call)
          }
        },
        receive,
        offline() {
          isOnline = false
          for (const { wait } of calls) wait.cancel()
        },
        close(error) {
          isOnline = false
          stop = undefined
          for (const call of [...calls]) end(call, () => call.reject(error))
        },
      },
    )
  }

  function end(call: Pending, settle: () => void): void {
    if (!calls.delete(call)) return
    call.wait.cancel()
    call.forget()
    settle()
    if (calls.size > 0) return
    stop?.()
    stop = undefined
  }

  /** Said again it is the same command: the server tells how it stands, and whatever becomes of it. */
  function send(call: Pending): void {
    const { id, name, input, deadlineMs } = call.wanted
    if (!isOnline || !calls.has(call)) return
    const waitedMs = Math.floor(elapsedSince(clock, call.calledAt))
    // What was cancelled and has never arrived must not be begun any more.
    const left = call.isCancelled ? 0 : deadlineMs && Math.max(0, deadlineMs - waitedMs)
    // Whoever knows no deadline says how long it has waited already, of the one that the server knows.
    const within = left === undefined ? { waitedMs } : { deadlineMs: left }
    const data = { action: "call", command: id, name, input, ...within }
    try {
      const asked = ask({ type: "publish", channel, name: "$command", data }, "published", (reply) => {
        if (reply instanceof MagpieError) return refused(call, reply, send)
        call.wait.failures = 0
        if (call.isCancelled) cancel(call)
      })
      if (asked !== undefined) call.hasLeft = true
    } catch (thrown) {
      // Too large, or nothing that the codec can write.
      end(call, () => call.reject(toMagpieError(thrown)))
    }
  }

  function cancel(call: Pending): void {
    if (!isOnline || !calls.has(call)) return
    const data = { action: "cancel", command: call.wanted.id }
    ask({ type: "publish", channel, name: "$command", data }, "published", (reply) => {
      if (reply instanceof MagpieError) refused(call, reply, cancel)
    })
  }

  function refused(call: Pending, error: MagpieError, again: (call: Pending) => void): void {
    if (!isOnline) return
    if (error.retryable && error.details?.isServed !== false) call.wait.again(() => again(call), error.retryAfterMs)
    // A cancel that is refused says nothing of the command.
    else if (again === send) end(call, () => call.reject(error))
    else onError(error)
  }

  function attempt(run: () => void): void {
    try {
      run()
    } catch (thrown) {
      onError(toMagpieError(thrown))
    }
  }

  function receive(message: Command | Unserved): void {
    for (const call of [...calls]) {
      if (call.wanted.id !== message.command) continue
      if (message.type === "command") {
        if (call.version < message.version) take(call, message)
      } else refused(call, new MagpieError(isErrorCode(message.code) ? message.code : "FORBIDDEN", message.message), send)
    }
  }

  function take(call: Pending, { state, version, progress, output, error }: Command): void {
    const { id, onState, onProgress } = call.wanted
    const hasChanged = state !== call.state
    call.version = version
    call.state = state
    if (hasChanged) attempt(() => onState?.(state))
    if (progress !== undefined) attempt(() => onProgress?.(progress))
    if (isFinal(state)) end(call, () => call.resolve({ id, state, output, ...(error && { error }) }))
  }

  return {
    pending: () => [...calls].map(({ wanted: { id, name }, state }) => ({ id, name, state })),
    call(wanted) {
      const { signal } = wanted
      return new Promise<Ended>((resolve, reject) => {
        const head = { wanted, calledAt: momentOf(clock), wait: schedule.createWait(), version: 0, state: undefined }
        const forget = (): void => signal?.removeEventListener("abort", abort)
        const call: Pending = { ...head, hasLeft: false, isCancelled: false, forget, resolve, reject }
        function abort(): void {
          call.isCancelled = true
          if (call.hasLeft) cancel(call)
          else end(call, () => reject(new MagpieError("ABORTED", "the call was ended before it left")))
        }
        calls.add(call)
        if (signal?.aborted) return abort()
        signal?.addEventListener("abort", abort, { once: true })
        const isFollowed = stop !== undefined
        follow()
        if (isFollowed) send(call)
      })
    },
  }
}
