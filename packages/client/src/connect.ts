import { type AnyContract, MagpieError } from "@magpie/protocol"
import { environment as thisMachine } from "#environment"
import { onAbort } from "./abort.ts"
import { createChannels } from "./channels.ts"
import type { Client, ClientEvents } from "./client.ts"
import { createListeners, type ListenersOf } from "./listeners.ts"
import type { ConnectOptions } from "./options.ts"
import { createSchedule, type Schedule } from "./schedule.ts"
import { createSession, type Session } from "./session.ts"
import { checkOptions } from "./settings.ts"
import { createCounters } from "./statistics.ts"

/** A client takes new work until it is closed or the server ends it. */
type Life = { readonly life: "open" } | { readonly life: "ending"; readonly error: MagpieError }

/**
 * Connects to a server and stays connected: reconnects, resumes every subscription where it was, and sends again what was
 * not acknowledged [G1–G5]. Give it the contract's type, and its value where data shall be validated on this side too.
 *
 * Fails with INVALID_OPTIONS naming the field. Everything later comes through the client: its status, its `error` event,
 * and the promises of its calls.
 */
export function connect<C extends AnyContract>(url: string, options: ConnectOptions<C> = {}): Client<C> {
  const environment = options.environment ?? thisMachine
  const settings = checkOptions(url, options, environment.transport)
  const schedule = createSchedule(environment.clock)
  const counters = createCounters()
  const onThrow = (thrown: unknown): void => environment.log("error", "client.listener-threw", { reason: String(thrown) })
  const listeners: ListenersOf<ClientEvents> = {
    status: createListeners((cause) => onError(new MagpieError("INTERNAL", "a listener of status threw", { cause }))),
    error: createListeners(onThrow),
  }
  let life: Life = { life: "open" }
  let closing: Promise<void> | undefined

  function onError(error: MagpieError): void {
    environment.log("error", "client.error", { code: error.code })
    listeners.error.emit(error)
  }

  const session = createSession({
    environment,
    schedule,
    settings,
    counters,
    onError,
    onStatus(change) {
      if (change.to === "closed") end(closedBy(change.cause))
      listeners.status.emit(change)
    },
  })
  const channels = createChannels({
    session,
    schedule,
    random: environment.random,
    contract: settings.contract,
    lingerMs: settings.lingerMs,
    start,
    whenOnline,
    onError,
  })

  function start(): void {
    if (life.life === "ending") throw life.error
    if (session.connection.status.state === "idle") session.connection.start()
  }

  function whenOnline(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      start()
      if (session.connection.status.state === "online" && !signal?.aborted) return resolve()
      const settle = (error?: MagpieError): void => {
        offStatus()
        offAbort()
        if (error) reject(error)
        else resolve()
      }
      const offStatus = listeners.status.add(({ to, cause }) => {
        if (to === "online") settle()
        if (to === "closed") settle(closedBy(cause))
      })
      const offAbort = onAbort(signal, (error) => queueMicrotask(() => settle(error)))
    })
  }

  /** Fails whatever waits, once. */
  function end(error: MagpieError): void {
    life = { life: "ending", error }
    channels.close(error)
    session.end(error)
  }

  async function shutDown(drainMs: number): Promise<void> {
    const error = closedBy(undefined)
    if (life.life === "open") life = { life: "ending", error }
    if (drainMs > 0) await drain(session, schedule, drainMs)
    if (session.connection.status.state !== "closed") end(error)
    await session.connection.close()
    schedule.clear()
    listeners.status.clear()
    listeners.error.clear()
  }

  const close = (how: { readonly drainMs?: number } = {}): Promise<void> => {
    closing ??= shutDown(how.drainMs ?? 0)
    return closing
  }

  if (!settings.lazy) {
    // At the end of the turn, so that listeners that are added right after `connect` see every change.
    environment.clock.defer(() => life.life === "open" && start())
  }

  return {
    get status() {
      return session.connection.status
    },
    get statistics() {
      return { ...counters, pending: session.outbox.pending }
    },
    on: (event, listener) => listeners[event].add(listener),
    // The contract is a type here; the object has what each kind has, and the type picks from it.
    channel: (name, hint) => channels.find(name, hint?.kind) as never,
    connect() {
      if (life.life === "ending") throw life.error
      session.connection.start()
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

function closedBy(cause: MagpieError | undefined): MagpieError {
  if (cause === undefined) return new MagpieError("CLOSED", "the client was closed")
  return new MagpieError("CLOSED", `the connection ended for good: ${cause.reason}`, { cause })
}

/** Waits until nothing is pending, at most so long. */
function drain(session: Session, schedule: Schedule, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = schedule.after(drainMs, resolve)
    session.outbox.drained().then(() => {
      timer.cancel()
      resolve()
    })
  })
}
