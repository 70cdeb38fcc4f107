import {
  type AnyContract,
  type Clock,
  type DownMessage,
  type Kind,
  type KindName,
  type MagpieError,
  type Random,
  type StoredMessage,
  toMagpieError,
  type UpMessage,
} from "@magpie/protocol"
import { badField } from "./bad-field.ts"
import type { Received, Subscription } from "./channel.ts"
import type { Fields } from "./connection/read-down.ts"
import { INSIDES, type Inside } from "./inside.ts"
import type { OutboxStore } from "./outbox/keeper.ts"
import type { Outbox } from "./outbox/outbox.ts"
import type { RequestTable } from "./request/request-table.ts"
import type { Schedule } from "./schedule.ts"
import type { Session } from "./session.ts"

/** What a server says about one channel. */
type ChannelDown = Extract<DownMessage, { readonly channel: string }>

/**
 * What an entry beside the core does about one channel. Followers lie above the core's layers: `online` comes after everything
 * that the core sends on a new link, `offline` and `close` before what the core makes of them. What one throws is reported.
 */
export interface Follower<M = ChannelDown> {
  /** A link was welcomed; also at once, where there is one when following begins. */
  online?(): void
  /** A message of this channel that answers no request. */
  receive?(message: M): void
  offline?(cause: MagpieError): void
  /** The client has ended. Nothing follows. */
  close?(error: MagpieError): void
}

/** A channel from the inside: what other entries of this package build on. */
export interface Extension {
  readonly name: string
  /** The contract and the channel's kind with its schemas; undefined where the client was not given the contract's value. */
  readonly contract: AnyContract | undefined
  readonly kind: Kind | undefined
  /** Undefined until it is known. */
  kindName(): KindName | undefined
  readonly subscription: Subscription
  readonly clock: Clock
  readonly random: Random
  readonly schedule: Schedule
  readonly outbox: Outbox
  /** What the client was given to keep its outbox in. */
  readonly store: OutboxStore | undefined
  /** The message as a listener gets it; undefined, and reported, where its schema refuses it. */
  read(message: StoredMessage): Received | undefined
  /** Somebody needs the connection: a lazy client connects. Fails with CLOSED. */
  start(): void
  /** After how many milliseconds the message leaves; undefined where there is no link. Fails with TOO_LARGE, BAD_REQUEST and RATE_LIMITED. */
  send(message: UpMessage): number | undefined
  /** Of the newest link. */
  linkNumber(): number
  /** Whom the server welcomed; undefined also where there is no link. */
  user(): string | undefined
  readonly ask: RequestTable["ask"]
  readonly request: RequestTable["request"]
  onError(error: MagpieError): void
  /**
   * Follows the channel until the disposer is called. `messages` are the types of messages that the client reads from now on,
   * replies too, each with the fields that it needs.
   */
  follow<T extends ChannelDown["type"]>(
    messages: { readonly [N in T]: Fields },
    follower: Follower<Extract<ChannelDown, { readonly type: T }>>,
  ): () => void
}

/** Fails with BAD_REQUEST on what is no channel of a client. */
export function extend(channel: object): Extension {
  const inside = INSIDES.get(channel)
  if (inside === undefined) throw badField("channel", "must come from client.channel(…)")
  const { context, session, core } = inside
  const { clock, random, schedule, onError, known } = context
  const { name, subscription } = core.shown
  const { ask, request } = session.requests
  return {
    name,
    contract: context.settings.contract,
    kind: inside.kind,
    kindName: inside.kindName,
    subscription,
    clock,
    random,
    schedule,
    outbox: session.outbox,
    store: context.settings.outbox,
    read: core.read,
    start: core.start,
    send: session.connection.send,
    linkNumber: () => session.connection.linkNumber,
    user: () => (session.connection.status.state === "online" ? session.connection.status.user : undefined),
    ask,
    request,
    onError,
    follow(messages, follower) {
      for (const [type, fields] of Object.entries<Fields>(messages)) known.set(type, fields)
      const types = new Set<string>(Object.keys(messages))
      return gatheringOf(inside).add(name, { types, follower: follower as Follower })
    },
  }
}

interface Following {
  readonly types: ReadonlySet<string>
  readonly follower: Follower
}

/** The followers of one client, by channel: a single layer, so that a message costs as much as its own channel's followers. */
interface Gathering {
  add(channel: string, following: Following): () => void
}

const GATHERINGS = new WeakMap<Session, Gathering>()

function gatheringOf(inside: Inside): Gathering {
  const gathering = GATHERINGS.get(inside.session) ?? gather(inside)
  GATHERINGS.set(inside.session, gathering)
  return gathering
}

function gather({ context, session }: Inside): Gathering {
  const byChannel = new Map<string, Set<Following>>()
  let online = session.connection.status.state === "online"

  function attempt(run: () => void): void {
    try {
      run()
    } catch (thrown) {
      context.onError(toMagpieError(thrown))
    }
  }

  /** One that an earlier one took away is not told any more. */
  function tell(followings: ReadonlySet<Following>, what: (following: Following) => void): void {
    for (const following of [...followings]) if (followings.has(following)) attempt(() => what(following))
  }

  function everybody(what: (follower: Follower) => void): void {
    for (const followings of [...byChannel.values()]) tell(followings, ({ follower }) => what(follower))
  }

  session.layers.push({
    online() {
      online = true
      everybody((follower) => follower.online?.())
    },
    receive(message) {
      const followings = "channel" in message && byChannel.get(message.channel)
      if (followings) tell(followings, ({ types, follower }) => types.has(message.type) && follower.receive?.(message))
    },
    offline(cause) {
      online = false
      everybody((follower) => follower.offline?.(cause))
    },
    close(error) {
      online = false
      everybody((follower) => follower.close?.(error))
      byChannel.clear()
    },
  })

  return {
    add(channel, following) {
      const followings = byChannel.get(channel) ?? new Set()
      byChannel.set(channel, followings.add(following))
      if (online) attempt(() => following.follower.online?.())
      return () => {
        followings.delete(following)
        if (followings.size === 0 && byChannel.get(channel) === followings) byChannel.delete(channel)
      }
    },
  }
}
