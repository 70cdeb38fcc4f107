import { type DownMessage, type ErrorReply, isErrorCode, MagpieError, type UpMessage } from "@magpie/protocol"
import { abortable, type Patience } from "../abort.ts"
import type { Layer } from "../layer.ts"
import type { Schedule, Wait } from "../schedule.ts"

/** How long the server may take to answer what has left, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 15_000

type Reply = Exclude<DownMessage, ErrorReply>
export type ReplyOf<T extends Reply["type"]> = Extract<Reply, { readonly type: T }>

/** Requests that wait for their reply. Each is answered exactly once, if only by `close` [G12]. */
export interface RequestTable extends Layer {
  nextId(): number
  /** Sends, and calls back once with the reply or an error. Undefined, and no call, where there is no link. Fails with TOO_LARGE and BAD_REQUEST. */
  ask<T extends Reply["type"]>(
    message: UpMessage,
    expected: T,
    onReply: (reply: ReplyOf<T> | MagpieError) => void,
    options?: AskOptions,
  ): number | undefined
  /** The same as a promise. Fails with UNAVAILABLE without a link or when it is lost, TIMEOUT, ABORTED, and what the server says. */
  request<T extends Reply["type"]>(message: UpMessage, expected: T, options?: AskOptions & Patience): Promise<ReplyOf<T>>
  /** Whether the message answered a request. */
  settle(message: DownMessage): boolean
}

export interface AskOptions {
  readonly timeoutMs?: number | undefined
  /** Asking twice changes nothing: without a link it waits for one, and asks again on the next. */
  readonly repeat?: boolean
}

/** After how many milliseconds it leaves; undefined where there is no link. */
type Send = (message: UpMessage) => number | undefined

interface Pending {
  readonly repeat: boolean
  readonly wait: Wait
  /** False where there is no link. */
  transmit(): boolean
  onReply(reply: Reply | MagpieError): void
}

export function createRequestTable(schedule: Schedule, send: Send): RequestTable {
  const pending = new Map<number, Pending>()
  let lastId = 0

  function forget(id: number): Pending | undefined {
    const entry = pending.get(id)
    pending.delete(id)
    entry?.wait.cancel()
    return entry
  }

  function finish(id: number, reply: Reply | MagpieError): boolean {
    const entry = forget(id)
    entry?.onReply(reply)
    return entry !== undefined
  }

  const ask: RequestTable["ask"] = (message, expected, onReply, { timeoutMs = REQUEST_TIMEOUT_MS, repeat = false } = {}) => {
    const id = ++lastId
    const wait = schedule.createWait()
    const late = (): void => {
      finish(id, new MagpieError("TIMEOUT", `no answer to ${message.type} within ${timeoutMs} ms`))
    }
    const entry: Pending = {
      repeat,
      wait,
      transmit() {
        const delayMs = send({ ...message, id } as UpMessage)
        if (delayMs !== undefined) wait.after(delayMs + timeoutMs, late)
        return delayMs !== undefined
      },
      onReply(reply) {
        if (reply instanceof MagpieError) onReply(reply)
        else if (reply.type === expected) onReply(reply as ReplyOf<typeof expected>)
        else onReply(new MagpieError("INTERNAL", `the server answered ${message.type} with ${reply.type}`))
      },
    }
    if (!entry.transmit() && !repeat) return undefined
    pending.set(id, entry)
    return id
  }

  return {
    nextId: () => ++lastId,
    ask,
    request(message, expected, options = {}) {
      let id: number | undefined
      return abortable(
        schedule,
        { signal: options.signal },
        (resolve, reject) => {
          id = ask(message, expected, (reply) => (reply instanceof MagpieError ? reject(reply) : resolve(reply)), options)
          if (id === undefined) reject(new MagpieError("UNAVAILABLE", "there is no link to the server"))
        },
        () => id && forget(id),
      )
    },
    settle(message) {
      if (!("id" in message) || message.id === undefined) return false
      return finish(message.id, message.type === "error" ? errorOfReply(message) : message)
    },
    online() {
      for (const { repeat, transmit } of pending.values()) if (repeat) transmit()
    },
    offline(cause) {
      const error = new MagpieError("UNAVAILABLE", "the link was lost before the answer", { cause })
      for (const [id, { repeat, wait }] of [...pending]) {
        if (repeat) wait.cancel()
        else finish(id, error)
      }
    },
    close(error) {
      for (const id of [...pending.keys()]) finish(id, error)
    },
  }
}

/** The server's refusal as an error. A code that this version does not know is INTERNAL, or UNAVAILABLE where it may be retried. */
export function errorOfReply(reply: ErrorReply): MagpieError {
  const { code, message, remedy, retryable, retryAfterMs, details } = reply
  const known = isErrorCode(code) ? code : retryable ? "UNAVAILABLE" : "INTERNAL"
  return new MagpieError(known, message, { remedy, retryAfterMs, details: details && Object.fromEntries(details) })
}
