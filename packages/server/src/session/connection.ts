import {
  CLOSE_CODES,
  type CloseName,
  closeReason,
  type Decoded,
  type DownMessage,
  type Encoded,
  type MagpieError,
  type ServerCodec,
  toMagpieError,
} from "@magpie/protocol"
import type { Identity } from "../access/identity.ts"
import type { SharedRates } from "../access/speed-check.ts"
import type { Subscription } from "../channel/subscription.ts"
import type { Batch } from "../flow/batch.ts"
import type { Gatherer } from "../flow/line.ts"
import { createMeter, type Meter } from "../flow/rate.ts"
import type { Watched } from "../flow/timing-wheel.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import type { HandshakeCredentials, LinkRequest, Socket, SocketEvents } from "../transports/socket.ts"
import type { ConnectionContext } from "./connection-context.ts"
import { type Departing, Departure } from "./departure.ts"
import { encodeRefusal } from "./error-reply.ts"
import { Inbound, type InboundOwner } from "./inbound.ts"
import { Liveness } from "./liveness.ts"
import { ANSWER_BYTES, type QueueOwner, SendQueue } from "./send-queue.ts"
import { type ConnectionState, type OpenState, saysTooMuch } from "./state.ts"

/** One link and what is open on it. Created for each accepted socket, never reused. */
export class Connection implements SocketEvents, InboundOwner, Gatherer, Watched, Departing, QueueOwner {
  readonly id: string
  readonly request: LinkRequest
  readonly codec: ServerCodec
  /** What came with the handshake, until it has proven who this is. */
  handshake: HandshakeCredentials | undefined
  readonly openedAt: number
  readonly meter: Meter = createMeter()
  /** The rates that it shares with others, found once for each identity. */
  sharedRates: SharedRates | undefined
  readonly subscriptions = new Map<string, Subscription>()
  readonly queue: SendQueue
  readonly departure: Departure
  /** Permissions that were granted on this connection. */
  granted: Set<string> | undefined
  /** What the registry knows it by, kept for when it leaves. */
  registered: { readonly session: string; readonly producer: string; readonly user: string | undefined } | undefined
  /** Publishes that wait for the disk. */
  pendingPublishes = 0
  state: ConnectionState
  readonly #context: ConnectionContext
  readonly #socket: Socket
  readonly #inbound: Inbound
  readonly #liveness: Liveness
  /** What waits to be written: batches that channels handed out, or an answer as well. */
  #gathered: "nothing" | "batches" | "answers" = "nothing"
  #paused = false

  constructor(id: string, socket: Socket, request: LinkRequest, handshake: HandshakeCredentials, context: ConnectionContext) {
    const { monotonic, limits } = context
    this.id = id
    this.request = request
    this.codec = context.codecOf(request)
    this.handshake = handshake
    this.openedAt = context.now()
    this.state = { name: "greeting", deadlineMs: monotonic() + limits.helloMs, bytes: 0, messages: 0 }
    this.#context = context
    this.#socket = socket
    this.queue = new SendQueue(socket, request.plain, context, this)
    this.departure = new Departure(this, context.defer)
    this.#inbound = new Inbound(this, context.counters.traffic)
    this.#liveness = new Liveness(context, monotonic())
    context.wheel.watch(this, limits.helloMs)
  }

  get open(): OpenState | undefined {
    return this.state.name === "open" ? this.state : undefined
  }

  get identity(): Identity | undefined {
    return this.open?.identity
  }

  get userId(): string | undefined {
    return this.identity?.user?.id
  }

  get isDeciding(): boolean {
    return this.#inbound.busy
  }

  becomeOpen(state: Omit<OpenState, "name">): void {
    this.state = { name: "open", ...state }
    this.handshake = undefined
    // At once, because a token's life is measured from here.
    this.#context.wheel.watch(this, 0)
  }

  /** The same user with fresh credentials. */
  renew(identity: Identity): void {
    if (this.state.name !== "open") return
    this.state = { ...this.state, identity }
    this.#context.wheel.watch(this, 0)
  }

  /** Ends a subscription from this side and says why. */
  drop(subscription: Subscription, { code, reason }: MagpieError): void {
    subscription.end()
    this.subscriptions.delete(subscription.channel)
    this.tell({ type: "unsubscribed", channel: subscription.channel, code, message: reason })
  }

  /** Says what nobody asked for; one that has no room to hear it is closed, and learns it when it comes back. */
  tell(message: DownMessage): void {
    if (this.queue.hasRoom(ANSWER_BYTES)) this.send(message)
    else this.close("SLOW_CONSUMER", "reads too slowly")
  }

  send(message: DownMessage): void {
    this.sendEncoded(this.codec.encode(message))
  }

  sendEncoded(encoded: Encoded): void {
    if (this.state.name === "closing" || this.state.name === "closed") return
    this.queue.add(encoded)
    if (this.#gathered === "answers") return
    this.#gathered = "answers"
    this.#context.turn.answer(this)
  }

  sendBatch(batch: Batch): void {
    if (this.state.name !== "open") return
    this.queue.addBatch(batch)
    if (this.#gathered !== "nothing") return
    this.#gathered = "batches"
    this.#context.turn.connection(this)
  }

  /** A batch of a channel's. Written at once when no other channel has any and nothing of this connection's waits before it. */
  sendShared(batch: readonly [Batch], alone: boolean): void {
    if (!alone || this.#gathered !== "nothing" || this.state.name !== "open") return this.sendBatch(batch[0])
    this.queue.send(batch)
  }

  refuse(id: number | undefined, error: MagpieError): void {
    this.#context.counters.add("refused", error.code)
    if (error.code === "INTERNAL") this.#context.log("error", "request-failed", { connection: this.id, ...failureFields(error.cause) })
    this.sendEncoded(encodeRefusal(this.codec, this.#context.log, id, error))
  }

  /** Handles `task`'s failure as a refusal of the request, so that no rejection goes astray. */
  async answer(id: number | undefined, task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (failure) {
      this.refuse(id, toMagpieError(failure))
    }
  }

  flush(): void {
    this.#gathered = "nothing"
    if (this.state.name === "closing" || this.state.name === "closed") return
    this.queue.flush()
    // The network took everything at once, so no drain will come to those who wait for room.
    if (!this.queue.isAwaited && !this.#paused) return
    if (this.#socket.queuedBytes === 0) this.#context.defer(() => this.onDrain())
    else this.#socket.askForDrain?.()
  }

  /** Keeps messages waiting until `pending` has settled. */
  hold(pending: Promise<void>): void {
    this.#inbound.hold(pending)
  }

  handleInbound(message: Decoded): void | Promise<void> {
    if ("value" in message) return this.#context.handle(this, message.value)
    this.strike(message.id, message.error)
  }

  inboundFailed(failure: unknown): void {
    this.#context.log("error", "decision-failed", { connection: this.id, ...failureFields(failure) })
  }

  mayHandle(): boolean {
    return (this.state.name === "open" || this.state.name === "greeting") && this.queue.hasRoomForAnswer()
  }

  onMessage(frame: Encoded): void {
    const { limits, monotonic, counters } = this.#context
    if (this.state.name === "closing" || this.state.name === "closed") return
    this.#liveness.heard(monotonic())
    counters.add("framesIn")
    try {
      for (const message of this.codec.decodeUntrusted(frame, limits, !this.request.plain)) this.#inbound.push(message)
    } catch (failure) {
      return this.strike(undefined, toMagpieError(failure))
    }
    if (this.state.name === "greeting" && saysTooMuch(this.state, frame.length, this.#inbound.waiting, limits))
      return this.close("BAD_REQUEST", "too much before hello")
    this.#inbound.pump()
    if (this.#inbound.waiting > limits.pendingRequests) return this.close("RATE_LIMITED", "too many messages wait for an earlier one")
    this.inboundMoved()
  }

  /** Stops reading while earlier messages wait to be decided or the other side does not read its answers. */
  inboundMoved(): void {
    const shouldPause = this.#inbound.waiting > 0
    this.departure.answered()
    if (shouldPause === this.#paused) return
    this.#paused = shouldPause
    if (shouldPause) {
      this.#socket.pause()
      this.#socket.askForDrain?.()
    } else this.#socket.resume()
  }

  onAlive(): void {
    this.#liveness.heard(this.#context.monotonic())
  }

  onDrain(): void {
    this.#liveness.heard(this.#context.monotonic())
    this.queue.drained()
    this.#inbound.pump()
    this.inboundMoved()
  }

  /** A malformed message: answered, counted, and too many end the connection [F44]. */
  strike(id: number | undefined, error: MagpieError): void {
    this.refuse(id, error)
    if (this.#liveness.badRequest(this.#context.monotonic())) this.close("TOO_MANY_ERRORS", "too many malformed messages")
  }

  /** Too much for its rate: refused, unless it is done all the same; counted, and too many end the connection [F49]. */
  slowDown(id: number | undefined, error: MagpieError, refused = true): void {
    if (refused) this.refuse(id, error)
    if (this.#liveness.rateStrike(this.#context.monotonic())) this.close("RATE_LIMITED", closeReason("rate limit", error.retryAfterMs))
  }

  check(nowMs: number): number | undefined {
    if (this.state.name === "greeting") {
      if (nowMs < this.state.deadlineMs) return this.state.deadlineMs - nowMs
      this.close("AUTH_TIMEOUT", "no valid hello in time")
      return undefined
    }
    if (this.state.name !== "open") return undefined
    this.queue.recount()
    const queue = { queuedBytes: this.#socket.queuedBytes, takenBytes: this.queue.takenBytes }
    const next = this.#liveness.check(nowMs, this.#context.now(), queue, this.state.identity.expiresAt)
    if ("close" in next) {
      this.close(next.close, next.reason)
      if (next.cut) this.#socket.terminate()
      return undefined
    }
    if (next.ping) this.#socket.ping()
    if (next.tokenExpiresInMs !== undefined) this.send({ type: "token-expiring", inMs: next.tokenExpiresInMs })
    return next.againInMs
  }

  /** A publish has come back from the disk, whatever became of it. */
  endPublish(): void {
    this.pendingPublishes -= 1
    this.departure.answered()
  }

  /** All queues together hold too much, and this one is among the longest: it would not read a close. */
  cut(): void {
    this.#context.counters.add("closed", "OVERLOADED")
    this.#leave({ name: "closing", code: CLOSE_CODES.OVERLOADED })
    this.#socket.close(CLOSE_CODES.OVERLOADED, "the server holds too much")
    this.#socket.terminate()
    this.queue.release()
  }

  /** Sends what was gathered, then the close; nothing follows it. */
  close(name: CloseName, reason: string): void {
    if (this.state.name === "closing" || this.state.name === "closed") return
    for (const subscription of this.subscriptions.values()) subscription.settle()
    this.flush()
    this.#context.counters.add("closed", name)
    this.#leave({ name: "closing", code: CLOSE_CODES[name] })
    this.#socket.close(CLOSE_CODES[name], reason)
  }

  onClose(code: number): void {
    if (this.state.name === "closed") return
    if (this.state.name === "closing") this.state = { name: "closed", code }
    else this.#leave({ name: "closed", code })
    this.queue.release()
  }

  #leave(state: ConnectionState): void {
    this.state = state
    this.#inbound.clear()
    this.#context.wheel.unwatch(this)
    for (const subscription of this.subscriptions.values()) subscription.end()
    this.subscriptions.clear()
    this.queue.end()
    this.#context.onClosed(this)
  }
}
