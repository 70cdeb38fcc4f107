import { MagpieError } from "@magpie/protocol"
import { onAbort } from "../abort.ts"
import type { IterateOptions, Received } from "../channel.ts"
import type { ChannelCore } from "./channel-core.ts"

const DEFAULT_MAX_BUFFERED = 10_000

type Waiter = { resolve(result: IteratorResult<Received>): void; reject(error: MagpieError): void }

/**
 * Messages of a channel for a `for await` loop. Listening begins with the loop; what arrives while the loop is busy is held,
 * up to `maxBuffered`. Ends quietly when the client closes or the signal fires, after what was held; fails with what the
 * server refused the subscription with, or LIMIT_EXCEEDED.
 */
export function iterateMessages(core: ChannelCore, options: IterateOptions): AsyncIterable<Received> {
  return { [Symbol.asyncIterator]: () => createIterator(core, options) }
}

function createIterator(
  core: ChannelCore,
  { signal, last, position, maxBuffered = DEFAULT_MAX_BUFFERED }: IterateOptions,
): AsyncIterator<Received> {
  let held: Received[] = []
  let waiters: Waiter[] = []
  let end: { readonly error: MagpieError | undefined } | undefined
  let disposers: (() => void)[] = []

  function finish(error: MagpieError | undefined): void {
    if (end !== undefined) return
    end = { error }
    for (const dispose of disposers) dispose()
    disposers = []
    const told = waiters
    waiters = []
    for (const waiter of told) answerEnd(waiter)
  }

  function answerEnd(waiter: Waiter): void {
    const error = end?.error
    // A failure is told once; after it the loop is simply over.
    end = { error: undefined }
    if (error) waiter.reject(error)
    else waiter.resolve({ done: true, value: undefined })
  }

  function receive(message: Received): void {
    const waiter = waiters.shift()
    if (waiter) waiter.resolve({ done: false, value: message })
    else if (held.length < maxBuffered) held.push(message)
    else finish(new MagpieError("LIMIT_EXCEEDED", `the loop fell ${maxBuffered} messages behind`, { details: { limit: "maxBuffered" } }))
  }

  if (signal?.aborted) finish(undefined)
  else begin()

  function begin(): void {
    // Asked before it is listened to, so that listening does not ask from now on first.
    if (last !== undefined || position !== undefined) {
      core.inner.ask(
        { ...(last !== undefined && { last }), ...(position !== undefined && { position }) },
        (error) => error && finish(error),
      )
    }
    disposers = [
      core.onAny(receive),
      core.onClose(() => finish(undefined)),
      core.subscription.on("state", (state) => {
        if (state.state === "refused") finish(state.error)
        if (state.state === "idle") finish(undefined)
      }),
      onAbort(signal, () => finish(undefined)),
    ]
    if (core.subscription.state.state === "refused") finish(core.subscription.state.error)
  }

  return {
    next() {
      const message = held.shift()
      if (message) return Promise.resolve({ done: false, value: message })
      return new Promise((resolve, reject) => {
        const waiter = { resolve, reject }
        if (end === undefined) waiters.push(waiter)
        else answerEnd(waiter)
      })
    },
    return() {
      held = []
      finish(undefined)
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}
