import { type DownMessage, type KindName, type MagpieError, toMagpieError } from "@magpie/protocol"
import { type Connection, createConnection } from "./connection/connection.ts"
import { createCredentials } from "./connection/credentials.ts"
import { createTokenRefresh } from "./connection/token-refresh.ts"
import type { Context } from "./context.ts"
import { kindOf } from "./kinds/kind-of.ts"
import type { Layer } from "./layer.ts"
import type { Outgoing } from "./outbox/channel-queue.ts"
import { createOutbox, type Outbox } from "./outbox/outbox.ts"
import { createRequestTable, errorOfReply, type RequestTable } from "./request/request-table.ts"
import type { StatusChange } from "./status.ts"
import { createSubscriptions, type Subscriptions } from "./subscription/subscriptions.ts"

/** What survives links: the connection, and everything that is repeated on the next one. */
export interface Session {
  readonly connection: Connection
  readonly requests: RequestTable
  readonly subscriptions: Subscriptions
  readonly outbox: Outbox
  /** From the lowest up. */
  readonly layers: Layer[]
  /** What the server says that the channel is; undefined before the first welcome. */
  kindOf(channel: string): KindName | undefined
  /** Hands the message to the link, where there is one; what is wrong with it is reported. */
  broadcast(channel: string, message: Outgoing): void
  /** Fails whatever waits. The connection is closed apart. */
  end(error: MagpieError): void
}

export function createSession(context: Context, onStatus: (change: StatusChange) => void): Session {
  const given = createCredentials(context.settings)
  const subscriptions = createSubscriptions(context.schedule)
  const requests = createRequestTable(context.schedule, (message) => connection.send(message))
  const outbox = createOutbox(context, requests.ask, (channel) => kind(channel) === "broadcast", broadcast)
  const credentials = {
    ...given,
    // Before the first hello, what was kept is back in the outbox.
    current: async () => ({ ...(await outbox.keeper?.open()), ...(await given.current()) }),
  }
  const refresh = createTokenRefresh(context, credentials, requests.request, subscriptions.reconsider)
  const layers: Layer[] = [requests, refresh, subscriptions, outbox]
  let kinds: ReadonlyMap<string, string> | undefined

  const connection = createConnection(context, credentials, {
    onStatus,
    onWelcome(welcome, newToken) {
      kinds = welcome.channels ?? new Map()
      for (const layer of layers) layer.online?.(welcome, newToken)
    },
    onLost: (cause) => fromTheTop((layer) => layer.offline?.(cause)),
    onDown,
    ping() {
      const id = requests.nextId()
      connection.send({ type: "ping", id, positions: subscriptions.positions() })
      return id
    },
  })

  function fromTheTop(tell: (layer: Layer) => void): void {
    for (const layer of [...layers].reverse()) tell(layer)
  }

  /** A name that no pattern fits is taken for a stream, so that its sender hears the server's refusal. */
  function kind(channel: string): KindName | undefined {
    return kinds && ((kindOf(kinds, channel) ?? "stream") as KindName)
  }

  function broadcast(channel: string, message: Outgoing): void {
    try {
      connection.send({ type: "publish", channel, ...message })
    } catch (thrown) {
      context.onError(toMagpieError(thrown))
    }
  }

  function onDown(message: DownMessage): void {
    if (requests.settle(message)) {
      if (message.type !== "error") connection.progressed()
    } else if (message.type === "error") {
      // With an id it answers a request that nobody waits for any more.
      if (message.id === undefined) context.onError(errorOfReply(message))
    } else for (const layer of layers) layer.receive?.(message)
  }

  return {
    connection,
    requests,
    subscriptions,
    outbox,
    layers,
    kindOf: kind,
    broadcast,
    end: (error) => fromTheTop((layer) => layer.close?.(error)),
  }
}
