import type { CloseName, Limits } from "@magpie/protocol"

export type LivenessVerdict =
  | { readonly close: CloseName; readonly reason: string; readonly cut: boolean }
  | { readonly againInMs: number; readonly ping: boolean; readonly tokenExpiresInMs: number | undefined }

export interface LivenessOptions {
  readonly limits: Limits
  readonly heartbeatMs: number
  readonly pongTimeoutMs: number
  readonly tokenGraceMs: number
}

/** Whether the other side is still there, reads what it is sent, holds a valid token and behaves. */
export interface Liveness {
  heard(nowMs: number): void
  /** Counts a malformed message; true when it was one too many. */
  badRequest(nowMs: number): boolean
  /** Counts a refusal for rate; true when it was one too many. */
  rateStrike(nowMs: number): boolean
  check(nowMs: number, wallMs: number, queue: QueueState, expiresAt: number | undefined): LivenessVerdict
}

export interface QueueState {
  /** Bytes that wait for the other side to read. */
  readonly queuedBytes: number
  /** Bytes that the network has taken since the connection began. */
  readonly takenBytes: number
}

const BAD_REQUEST_WINDOW_MS = 60_000
const RATE_STRIKE_WINDOW_MS = 10_000
/** The part of a token's remaining life after which its owner is reminded. */
const REMIND_AT = 0.8

export function createLiveness(options: LivenessOptions, startedMs: number): Liveness {
  const { limits, heartbeatMs, pongTimeoutMs, tokenGraceMs } = options
  let heardAt = startedMs
  let pingedAt: number | undefined
  let lastTaken = 0
  let movedAt = startedMs
  let remindAt: { readonly expiresAt: number; readonly atMs: number } | undefined
  const badRequests = createWindow(BAD_REQUEST_WINDOW_MS, limits.badRequests)
  const rateStrikes = createWindow(RATE_STRIKE_WINDOW_MS, limits.rateStrikes)

  function heard(nowMs: number): void {
    heardAt = nowMs
    pingedAt = undefined
  }

  /** A side that takes bytes is alive, however late it answers a ping, and reads, however long its queue stays. */
  function noteQueue(nowMs: number, { queuedBytes, takenBytes }: QueueState): void {
    const took = takenBytes > lastTaken
    lastTaken = takenBytes
    if (took && queuedBytes > 0) heard(nowMs)
    if (took || queuedBytes === 0) movedAt = nowMs
  }

  function tokenVerdict(wallMs: number, expiresAt: number | undefined): { remind: number | undefined; nextMs: number; expired: boolean } {
    if (expiresAt === undefined) return { remind: undefined, nextMs: Number.POSITIVE_INFINITY, expired: false }
    if (wallMs >= expiresAt + tokenGraceMs) return { remind: undefined, nextMs: 0, expired: true }
    if (remindAt?.expiresAt !== expiresAt) remindAt = { expiresAt, atMs: wallMs + (expiresAt - wallMs) * REMIND_AT }
    const due = wallMs >= remindAt.atMs
    if (due) remindAt = { expiresAt, atMs: Number.POSITIVE_INFINITY }
    const nextMs = Math.min(remindAt.atMs, expiresAt + tokenGraceMs) - wallMs
    return { remind: due ? Math.max(0, expiresAt - wallMs) : undefined, nextMs, expired: false }
  }

  return {
    heard,
    badRequest: (nowMs) => badRequests(nowMs),
    rateStrike: (nowMs) => rateStrikes(nowMs),
    check(nowMs, wallMs, queue, expiresAt) {
      noteQueue(nowMs, queue)
      const token = tokenVerdict(wallMs, expiresAt)
      if (token.expired) return { close: "TOKEN_EXPIRED", reason: "token expired", cut: false }
      if (nowMs - movedAt >= limits.stallMs) return { close: "SLOW_CONSUMER", reason: "reads nothing", cut: true }
      if (pingedAt !== undefined && nowMs - pingedAt >= pongTimeoutMs) return { close: "NO_PONG", reason: "no answer to a ping", cut: true }
      const ping = pingedAt === undefined && nowMs - heardAt >= heartbeatMs
      if (ping) pingedAt = nowMs
      const silentInMs = pingedAt === undefined ? heardAt + heartbeatMs - nowMs : pingedAt + pongTimeoutMs - nowMs
      return { againInMs: Math.max(0, Math.min(silentInMs, token.nextMs)), ping, tokenExpiresInMs: token.remind }
    },
  }
}

/** Counts events in a fixed window; true when one more than allowed happened in it. */
function createWindow(windowMs: number, allowed: number): (nowMs: number) => boolean {
  let startedMs = Number.NEGATIVE_INFINITY
  let count = 0
  return (nowMs) => {
    if (nowMs - startedMs >= windowMs) {
      startedMs = nowMs
      count = 0
    }
    count += 1
    return count > allowed
  }
}
