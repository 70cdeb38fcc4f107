import { type DownMessage, type KindName, type MagpieError, toMagpieError } from "@magpie/protocol"
import { type Connection, createConnection } from "./connection/connection.ts"
import { createCredentials } from "./connection/credentials.ts"
import { createTokenRefresh } from "./connection/token-refresh.ts"
import { wireCodec } from "./connection/wire-codec.ts"
import type { ClientEnvironment } from "./environment/environment.ts"
import { kindOf } from "./kinds/kind-of.ts"
import type { Outgoing } from "./outbox/channel-queue.ts"
import { createOutbox, type Outbox } from "./outbox/outbox.ts"
import { createRequestTable, errorOfReply, type RequestTable } from "./request/request-table.ts"
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
  /** What the server says that the channel is; undefined before the first welcome. */
  kindOf(channel: string): KindName | undefined
  /** Hands the message to the link, where there is one; what is wrong with it is reported. */
  broadcast(channel: string, message: Outgoing): void
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
  const credentials = createCredentials(settings.token, settings.key)
  const subscriptions = createSubscriptions(schedule)
  const requests = createRequestTable({ schedule, send: (message) => connection.send(message) })
  const { ask, request } = requests
  let kinds: ReadonlyMap<string, string> | undefined

  const outbox = createOutbox({
    schedule,
    codec: wireCodec,
    maxPending: settings.maxPending,
    ask,
    isBroadcast: (channel) => kind(channel) === "broadcast",
    broadcast,
  })
  const refresh = createTokenRefresh({ schedule, credentials, request, onError, onRefreshed: subscriptions.reconsider })

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
        kinds = welcome.channels ?? new Map()
        requests.online()
        refresh.begin(welcome.tokenExpiresInMs)
        subscriptions.online(newToken)
        outbox.online(welcome.producer)
      },
      onLost(cause) {
        refresh.stop()
        subscriptions.offline()
        requests.offline(cause)
      },
      onDown,
      ping() {
        const id = requests.nextId()
        connection.send({ type: "ping", id, positions: subscriptions.positions() })
        return id
      },
    },
  })

  /** A name that no pattern fits is taken for a stream, so that its sender hears the server's refusal. */
  function kind(channel: string): KindName | undefined {
    return kinds && ((kindOf(kinds, channel) ?? "stream") as KindName)
  }

  function broadcast(channel: string, message: Outgoing): void {
    try {
      connection.send({ type: "publish", channel, ...message })
    } catch (thrown) {
      onError(toMagpieError(thrown))
    }
  }

  function onDown(message: DownMessage): void {
    if (requests.settle(message)) {
      if (message.type !== "error") connection.progressed()
    } else if (message.type === "pong") subscriptions.pong(message)
    else if (message.type === "token-expiring") refresh.hurry()
    else if (message.type === "error") {
      // With an id it answers a request that nobody waits for any more.
      if (message.id === undefined) onError(errorOfReply(message))
    } else if ("channel" in message) subscriptions.receive(message.channel, message)
  }

  return {
    connection,
    requests,
    subscriptions,
    outbox,
    kindOf: kind,
    broadcast,
    end(error) {
      refresh.stop()
      outbox.close(error)
      requests.close(error)
    },
  }
}
