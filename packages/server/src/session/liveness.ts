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

/** Whether the other side is still there, reads what it is sent, holds a valid token and behaves. */
export class Liveness {
  readonly #options: LivenessOptions
  #heardAt: number
  #pingedAt: number | undefined
  #movedAt: number
  #lastTaken = 0
  #lastQueued = 0
  #remindAt: { readonly expiresAt: number; readonly atMs: number } | undefined
  #badRequests: Window | undefined
  #rateStrikes: Window | undefined

  constructor(options: LivenessOptions, startedMs: number) {
    this.#options = options
    this.#heardAt = startedMs
    this.#movedAt = startedMs
  }

  heard(nowMs: number): void {
    this.#heardAt = nowMs
    this.#pingedAt = undefined
  }

  /** Counts a malformed message; true when it was one too many. */
  badRequest(nowMs: number): boolean {
    this.#badRequests ??= { startedMs: nowMs, count: 0 }
    return countIn(this.#badRequests, nowMs, BAD_REQUEST_WINDOW_MS) > this.#options.limits.badRequests
  }

  /** Counts a refusal for rate; true when it was one too many. */
  rateStrike(nowMs: number): boolean {
    this.#rateStrikes ??= { startedMs: nowMs, count: 0 }
    return countIn(this.#rateStrikes, nowMs, RATE_STRIKE_WINDOW_MS) > this.#options.limits.rateStrikes
  }

  check(nowMs: number, wallMs: number, queue: QueueState, expiresAt: number | undefined): LivenessVerdict {
    const { limits, heartbeatMs, pongTimeoutMs } = this.#options
    this.#noteQueue(nowMs, queue)
    const token = this.#tokenVerdict(wallMs, expiresAt)
    if (token.expired) return { close: "TOKEN_EXPIRED", reason: "token expired", cut: false }
    if (nowMs - this.#movedAt >= limits.stallMs) return { close: "SLOW_CONSUMER", reason: "reads nothing", cut: true }
    const pingedAt = this.#pingedAt
    if (pingedAt !== undefined && nowMs - pingedAt >= pongTimeoutMs) return { close: "NO_PONG", reason: "no answer to a ping", cut: true }
    const ping = pingedAt === undefined && nowMs - this.#heardAt >= heartbeatMs
    if (ping) this.#pingedAt = nowMs
    const silentInMs = this.#pingedAt === undefined ? this.#heardAt + heartbeatMs - nowMs : this.#pingedAt + pongTimeoutMs - nowMs
    return { againInMs: Math.max(0, Math.min(silentInMs, token.nextMs)), ping, tokenExpiresInMs: token.remind }
  }

  /** A side that takes bytes is alive, however late it answers a ping, and reads, however long its queue stays. */
  #noteQueue(nowMs: number, { queuedBytes, takenBytes }: QueueState): void {
    const took = takenBytes > this.#lastTaken
    if (took && queuedBytes > 0) this.heard(nowMs)
    if (took || queuedBytes === 0 || this.#lastQueued === 0) this.#movedAt = nowMs
    this.#lastTaken = takenBytes
    this.#lastQueued = queuedBytes
  }

  #tokenVerdict(wallMs: number, expiresAt: number | undefined): TokenVerdict {
    if (expiresAt === undefined) return NO_TOKEN
    const endsAt = expiresAt + this.#options.tokenGraceMs
    if (wallMs >= endsAt) return { remind: undefined, nextMs: 0, expired: true }
    if (this.#remindAt?.expiresAt !== expiresAt) this.#remindAt = { expiresAt, atMs: wallMs + (expiresAt - wallMs) * REMIND_AT }
    const due = wallMs >= this.#remindAt.atMs
    if (due) this.#remindAt = { expiresAt, atMs: Number.POSITIVE_INFINITY }
    const nextMs = Math.min(this.#remindAt.atMs, endsAt) - wallMs
    return { remind: due ? Math.max(0, expiresAt - wallMs) : undefined, nextMs, expired: false }
  }
}

interface TokenVerdict {
  readonly remind: number | undefined
  readonly nextMs: number
  readonly expired: boolean
}

const NO_TOKEN: TokenVerdict = { remind: undefined, nextMs: Number.POSITIVE_INFINITY, expired: false }

/** Events of one sort since the window began. */
interface Window {
  startedMs: number
  count: number
}

function countIn(window: Window, nowMs: number, windowMs: number): number {
  if (nowMs - window.startedMs >= windowMs) {
    window.startedMs = nowMs
    window.count = 0
  }
  window.count += 1
  return window.count
}
