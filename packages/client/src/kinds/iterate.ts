import { MagpieError } from "@magpie/protocol"
import { onAbort } from "../abort.ts"
import type { IterateOptions, Received } from "../channel.ts"
import type { ChannelCore } from "./channel-core.ts"

/**
 * Messages of a channel for a `for await` loop. Listening begins with the loop; what arrives while the loop is busy is held,
 * up to `maxBuffered`. Ends quietly when the client closes or the signal fires, after what was held; fails with what the
 * server refused the subscription with, or LIMIT_EXCEEDED.
 */
export function iterateMessages(core: ChannelCore, options: IterateOptions): AsyncIterable<Received> {
  return { [Symbol.asyncIterator]: () => createIterator(core, options) }
}

function createIterator(core: ChannelCore, { signal, maxBuffered = 10_000, ...start }: IterateOptions): AsyncIterator<Received> {
  const { subscription, onAny } = core.shown
  const held: Received[] = []
  const disposers: (() => void)[] = []
  let end: { readonly error: MagpieError | undefined } | undefined
  let wake = (): void => {}

  function finish(error?: MagpieError): void {
    end ??= { error }
    for (const dispose of disposers.splice(0)) dispose()
    wake()
  }

  function receive(message: Received): void {
    if (held.length < maxBuffered) held.push(message)
    else finish(new MagpieError("LIMIT_EXCEEDED", `the loop fell ${maxBuffered} messages behind`, { details: { limit: "maxBuffered" } }))
    wake()
  }

  function follow(): void {
    const { state } = subscription
    if (state.state === "refused") finish(state.error)
    if (state.state === "idle") finish()
  }

  if (signal?.aborted) finish()
  else {
    // Asked before it is listened to, so that listening does not ask from now on first.
    if (start.last !== undefined || start.position !== undefined) core.begin(start, (error) => error && finish(error))
    disposers.push(
      onAny(receive),
      subscription.on("state", follow),
      onAbort(signal, () => finish()),
    )
    follow()
  }

  async function* take(): AsyncGenerator<Received, undefined> {
    for (;;) {
      const message = held.shift()
      if (message) yield message
      else if (end?.error) throw end.error
      else if (end) return
      else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  }

  const messages = take()
  return {
    next: () => messages.next(),
    return() {
      held.length = 0
      finish()
      return messages.return(undefined)
    },
  }
}
