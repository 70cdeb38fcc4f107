import type { Clock, Timer } from "@magpie/protocol"
import type { Said } from "./standing.ts"

/** The part of a token's life after which a server reminds of it. */
const REMIND_AT = 0.8

/** The token of a client that no server keeps a connection for, and so reminds of nothing: it is shown with every visit. */
export interface TokenWatch {
  readonly isOver: boolean
  /** The token shown from now on ends so many milliseconds from now, if that is a number. */
  begin(expiresInMs: unknown): void
  /** The client offers another one. */
  offer(request: Said): void
  /** The token that was accepted with this message, if one was. */
  accepted(message: Said): unknown
  end(): void
}

/** `remind` is given the milliseconds that are left of a token's life. */
export function createTokenWatch(clock: Clock, remind: (inMs: number) => void): TokenWatch {
  /** On their way, by request. */
  const offered = new Map<unknown, unknown>()
  let expiresMs = Number.POSITIVE_INFINITY
  let reminder: Timer | undefined

  function begin(expiresInMs: unknown): void {
    reminder?.cancel()
    expiresMs = Number.POSITIVE_INFINITY
    if (typeof expiresInMs !== "number") return
    expiresMs = clock.monotonic() + expiresInMs
    const inMs = expiresInMs * REMIND_AT
    reminder = clock.setTimer(inMs, () => remind(Math.round(expiresInMs - inMs)))
  }

  return {
    get isOver() {
      return clock.monotonic() >= expiresMs
    },
    begin,
    offer: ({ id, token }) => void offered.set(id, token),
    accepted({ type, id, tokenExpiresInMs }) {
      if (type !== "token" && type !== "error") return undefined
      const token = offered.get(id)
      if (!offered.delete(id) || type !== "token") return undefined
      begin(tokenExpiresInMs)
      return token
    },
    end: () => reminder?.cancel(),
  }
}
