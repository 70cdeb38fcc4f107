import { type DownMessage, type ErrorReply, isErrorCode, MagpieError, type Timer, type UpMessage } from "@magpie/protocol"
import { onAbort } from "../abort.ts"
import type { Schedule } from "../schedule.ts"

/** How long the server may take to answer, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 15_000

export type Reply = Exclude<DownMessage, ErrorReply>
export type OnReply = (reply: Reply | MagpieError) => void

/** Requests that wait for their reply on the present link. Each is answered exactly once, if only by `failAll` [G12]. */
export interface RequestTable {
  nextId(): number
  /** Sends, and calls back once with the reply or an error. Undefined, and no call, where there is no link. Fails with TOO_LARGE and BAD_REQUEST. */
  ask(message: UpMessage, onReply: OnReply): number | undefined
  /** The same as a promise. Fails with UNAVAILABLE without a link or when it is lost, TIMEOUT, ABORTED, and what the server says. */
  request(
    message: UpMessage,
    options?: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined },
  ): Promise<Reply>
  /** Whether the message answered a request. */
  settle(message: DownMessage): boolean
  failAll(error: MagpieError): void
}

export interface RequestTableOptions {
  readonly schedule: Schedule
  send(message: UpMessage): boolean
}

interface Pending {
  readonly onReply: OnReply
  readonly timer: Timer
}

export function createRequestTable({ schedule, send }: RequestTableOptions): RequestTable {
  const pending = new Map<number, Pending>()
  let lastId = 0

  function finish(id: number, reply: Reply | MagpieError): boolean {
    const entry = pending.get(id)
    if (entry === undefined) return false
    pending.delete(id)
    entry.timer.cancel()
    entry.onReply(reply)
    return true
  }

  function ask(message: UpMessage, onReply: OnReply, timeoutMs: number = REQUEST_TIMEOUT_MS): number | undefined {
    const id = ++lastId
    if (!send({ ...message, id } as UpMessage)) return undefined
    const late = () => void finish(id, new MagpieError("TIMEOUT", `the server did not answer ${message.type} within ${timeoutMs} ms`))
    pending.set(id, { onReply, timer: schedule.after(timeoutMs, late) })
    return id
  }

  return {
    nextId: () => ++lastId,
    ask: (message, onReply) => ask(message, onReply),
    request(message, { signal, timeoutMs } = {}) {
      return new Promise((resolve, reject) => {
        const id = ask(
          message,
          (reply) => {
            release()
            if (reply instanceof MagpieError) reject(reply)
            else resolve(reply)
          },
          timeoutMs,
        )
        if (id === undefined) reject(linkLost("there is no link to the server now"))
        const release = id === undefined ? () => {} : onAbort(signal, (error) => queueMicrotask(() => finish(id, error)))
      })
    },
    settle(message) {
      if (!("id" in message) || message.id === undefined) return false
      return finish(message.id, message.type === "error" ? errorOfReply(message) : message)
    },
    failAll(error) {
      for (const id of [...pending.keys()]) finish(id, error)
    },
  }
}

/** The request may have been lost with its link. `details.linkLost` tells this apart from a server that says UNAVAILABLE. */
export function linkLost(what: string, cause?: MagpieError): MagpieError {
  return new MagpieError("UNAVAILABLE", what, { details: { linkLost: true }, cause })
}

/** The server's refusal as an error. A code that this version does not know is INTERNAL, or UNAVAILABLE where it may be retried. */
export function errorOfReply(reply: ErrorReply): MagpieError {
  const { code, message, remedy, retryable, retryAfterMs, details } = reply
  const known = isErrorCode(code) ? code : retryable ? "UNAVAILABLE" : "INTERNAL"
  return new MagpieError(known, message, { remedy, retryAfterMs, details: details === undefined ? undefined : Object.fromEntries(details) })
}
