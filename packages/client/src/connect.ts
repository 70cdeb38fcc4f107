import { type AnyContract, MagpieError } from "@magpie/protocol"
import { environment as thisMachine } from "#environment"
import { createChannels } from "./channels.ts"
import type { Client, ClientEvents } from "./client.ts"
import { KNOWN } from "./connection/read-down.ts"
import { createListeners, type ListenersOf } from "./listeners.ts"
import type { ConnectOptions } from "./options.ts"
import { createSchedule } from "./schedule.ts"
import { createSession } from "./session.ts"
import { checkOptions } from "./settings.ts"
import { createCounters } from "./statistics.ts"

/**
 * Connects to a server and stays connected: reconnects, resumes every subscription where it was, and sends again what was
 * not acknowledged [G1–G5]. Give it the contract's type, and its value where data shall be validated on this side too.
 *
 * Fails with INVALID_OPTIONS naming the field. Everything later comes through the client: its status, its `error` event,
 * and the promises of its calls.
 */
export function connect<C extends AnyContract>(url: string, options: ConnectOptions<C> & { readonly contract: C }): Client<C, never>
export function connect<C extends AnyContract>(url: string, options?: ConnectOptions<C>): Client<C>
export function connect<C extends AnyContract>(url: string, options: ConnectOptions<C> = {}): Client<C> {
  const environment = options.environment ?? thisMachine
  const { clock, random, signals, log } = environment
  const settings = checkOptions(url, options, environment.transport)
  const schedule = createSchedule(environment, settings.backoff)
  const counters = createCounters()
  const listeners: ListenersOf<ClientEvents> = {
    status: createListeners(onError, "status"),
    error: createListeners(({ cause }) => logThrown(cause), "error"),
  }
  /** Why no new work is taken; undefined until the client is closed or the server ends it. */
  let over: MagpieError | undefined
  let closing: Promise<void> | undefined

  function logThrown(thrown: unknown): void {
    log("error", "client.listener-threw", { name: thrown instanceof Error ? thrown.name : typeof thrown })
  }

  function onError(error: MagpieError): void {
    log("error", "client.error", { code: error.code })
    listeners.error.emit(error)
  }

  const context = { clock, random, signals, settings, schedule, codec: settings.codec, counters, known: new Map(KNOWN), onError }
  const session = createSession(context, (change) => {
    if (change.to === "closed") {
      over ??= closedBy(change.cause)
      session.end(over)
    }
    listeners.status.emit(change)
  })
  const { connection, outbox } = session
  const channels = createChannels(context, session, start)
  session.layers.push(channels)

  function takeWork(): void {
    if (over) throw over
  }

  function start(): void {
    takeWork()
    if (connection.status.state === "idle") connection.start()
  }

  async function shutDown(drainMs: number): Promise<void> {
    over ??= closedBy(undefined)
    if (drainMs > 0) {
      await new Promise<void>((resolve) => {
        schedule.after(drainMs, resolve)
        outbox.whenDrained(resolve)
      })
    }
    await connection.close()
    await outbox.keeper?.close()
    schedule.clear()
    listeners.status.clear()
    listeners.error.clear()
  }

  function close({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    closing ??= shutDown(drainMs)
    return closing
  }

  // At the end of the turn, so that listeners that are added right after `connect` see every change.
  if (!options.lazy) clock.defer(() => over || start())

  return {
    get status() {
      return connection.status
    },
    get statistics() {
      return { ...counters, pending: outbox.pending }
    },
    on: (event, listener) => listeners[event].add(listener),
    // The contract is a type here; the object has what each kind has, and the type picks from it.
    channel: (name) => channels.find(name) as never,
    connect() {
      takeWork()
      connection.start()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function closedBy(cause: MagpieError | undefined): MagpieError {
  return new MagpieError("CLOSED", cause ? `the connection ended for good: ${cause.reason}` : "the client was closed", { cause })
}
