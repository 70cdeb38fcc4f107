import { type DownMessage, jsonCodec, type MagpieError } from "@magpie/protocol"
import { type Connection, createConnection } from "./connection/connection.ts"
import { createCredentials } from "./connection/credentials.ts"
import { createTokenRefresh } from "./connection/token-refresh.ts"
import type { ClientEnvironment } from "./environment/environment.ts"
import { createOutbox, type Outbox } from "./outbox/outbox.ts"
import { retryMs as backoffOrHint } from "./reconnect/backoff.ts"
import { createRequestTable, errorOfReply, linkLost, type RequestTable } from "./request/request-table.ts"
import type { Schedule } from "./schedule.ts"
import type { Settings } from "./settings.ts"
import type { Counters } from "./statistics.ts"
import type { StatusChange } from "./status.ts"
import { createSubscriptions, type Subscriptions } from "./subscription/subscriptions.ts"

/** What survives links: the connection, and everything that is repeated on the next one. */
export interface Session {
  readonly connection: Connection
  readonly requests: RequestTable
  readonly subscriptions: Subscriptions
  readonly outbox: Outbox
  retryMs(failures: number, hintMs: number | undefined): number
  /** Fails whatever waits. The connection is closed apart. */
  end(error: MagpieError): void
}

export interface SessionOptions {
  readonly environment: ClientEnvironment
  readonly schedule: Schedule
  readonly settings: Settings
  readonly counters: Counters
  onStatus(change: StatusChange): void
  onError(error: MagpieError): void
}

export function createSession({ environment, schedule, settings, counters, onStatus, onError }: SessionOptions): Session {
  const { random } = environment
  const credentials = createCredentials(settings.token, settings.key)
  const subscriptions = createSubscriptions(schedule)
  const retryMs = (failures: number, hintMs: number | undefined) => backoffOrHint(settings.backoff, failures, hintMs, random.float())
  const requests = createRequestTable({ schedule, send: (message) => connection.send(message) })
  const { ask, request } = requests
  const outbox = createOutbox({
    schedule,
    codec: jsonCodec,
    maxPending: settings.maxPending,
    ask,
    retryMs,
    renewProducer: () => connection.renewProducer(),
  })
  const refresh = createTokenRefresh({ schedule, credentials, request, retryMs, onError, onRefreshed: subscriptions.reconsider })

  const connection = createConnection({
    environment,
    schedule,
    settings,
    credentials,
    counters,
    events: {
      onStatus,
      onError,
      onWelcome(welcome, newToken) {
        refresh.begin(welcome.tokenExpiresInMs)
        subscriptions.online(newToken)
        outbox.online(welcome.producer)
      },
      onLost(cause) {
        refresh.stop()
        subscriptions.offline()
        requests.failAll(linkLost("the link was lost before the answer", cause))
      },
      onDown,
      ping() {
        const id = requests.nextId()
        connection.send({ type: "ping", id, positions: subscriptions.positions() })
        return id
      },
    },
  })

  function onDown(message: DownMessage): void {
    if (requests.settle(message)) {
      if (message.type !== "error") connection.progressed()
      return
    }
    switch (message.type) {
      case "message":
      case "gap":
      case "position":
        subscriptions.receive(message.channel, message)
        break
      case "unsubscribed":
        // With an id it answers a request that nobody waits for any more.
        if (message.id === undefined) subscriptions.receive(message.channel, message)
        break
      case "pong":
        subscriptions.pong(message)
        break
      case "token-expiring":
        refresh.hurry()
        break
      case "error":
        if (message.id === undefined) onError(errorOfReply(message))
    }
  }

  return {
    connection,
    requests,
    subscriptions,
    outbox,
    retryMs,
    end(error) {
      refresh.stop()
      outbox.close(error)
      requests.failAll(error)
    },
  }
}
