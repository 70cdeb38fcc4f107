import type { CommandRow, DurableLog } from "@magpie/journal"
import { type Clock, type JsonText, type Limits, type Log, MagpieError, type Publication, toMagpieError } from "@magpie/protocol"
import { failureFields } from "../metrics/failure-fields.ts"
import type { Connection } from "../session/connection.ts"
import { CommandFeed, type FeedOptions } from "./command-feed.ts"

/** Somebody on this server who follows one command. */
export interface Watcher {
  /** The command is something else. */
  changed(): void
  /** Nothing more is told of it: CLOSED, UNAVAILABLE where the log began a new epoch, or what `changed` threw. */
  ended(error: MagpieError): void
}

/** Who on this node wants to know of which command, and who serves which channel here. */
export interface LiveCommands {
  /** What the connection is told; made when it is first needed. */
  of(connection: Connection): CommandFeed
  /** The same where there is one. */
  find(connection: Connection): CommandFeed | undefined
  /** `known`: the version of the command of which it need not be told. */
  follow(connection: Connection, channel: string, id: string, name: string, known?: number): void
  /** A command as the log has it now. */
  command(channel: string, id: string): CommandRow | undefined
  /** Whether it does now. `since`: the offset at which it began to. */
  serve(connection: Connection, channel: string, fence: number, since: number): boolean
  /** It no longer may, or another one does. */
  unserve(connection: Connection, channel: string, error?: MagpieError): void
  /** Until the disposer is called. */
  watch(channel: string, id: string, watcher: Watcher): () => void
  /** A step was stored. */
  written(publication: Publication): void
  /** What was told of these channels may no longer be so. */
  endEpoch(concerns: (channel: string) => boolean): void
  closed(connection: Connection): void
  close(): void
}

export interface LiveCommandsOptions {
  readonly clock: Clock
  readonly write: Log
  readonly log: DurableLog
  readonly limits: Pick<Limits, "callsPerConnection" | "servedPerConnection">
}

/** What the ledger's text says of a step. */
interface LedgerStep {
  readonly command?: string
  readonly serving?: number
}

/** How the ledger's text of a command's step begins. */
const OF_COMMAND = '{"command":"'

/** The rest of the text may be long, and is not read. */
function stepIn(text: JsonText): LedgerStep {
  const end = text.startsWith(OF_COMMAND) ? text.indexOf('"', OF_COMMAND.length) : 0
  const command = text.slice(OF_COMMAND.length, end)
  return end === 0 || command.includes("\\") ? (JSON.parse(text) as LedgerStep) : { command }
}

const keyOf = (channel: string, id: string): string => `${channel}\n${id}`
const channelOf = (key: string): string => key.slice(0, key.indexOf("\n"))
const closed = (): MagpieError => new MagpieError("CLOSED", "the server is closed")

export function createLiveCommands({ clock, log, limits, write }: LiveCommandsOptions): LiveCommands {
  const feeds = new Map<Connection, CommandFeed>()
  const followers = new Map<string, Set<CommandFeed | Watcher>>()
  const servers = new Map<string, Set<Connection>>()
  let isClosed = false
  /** What was read last: those who are told of a step ask for the same command, one after the other. */
  let latest: { readonly channel: string; readonly id: string; readonly row: CommandRow } | undefined

  function command(channel: string, id: string): CommandRow | undefined {
    if (latest?.channel === channel && latest.id === id) return latest.row
    const row = log.command(channel, id)
    latest = row && { channel, id, row }
    return row
  }

  function add(key: string, follower: CommandFeed | Watcher): void {
    const own = followers.get(key) ?? new Set()
    followers.set(key, own.add(follower))
  }

  function remove(key: string, follower: CommandFeed | Watcher): void {
    const own = followers.get(key)
    if (own?.delete(follower) === true && own.size === 0) followers.delete(key)
  }

  /** What cannot be read ends the connection that was to be told of it, and nothing else: its client comes back and asks again. */
  function read<T>(connection: Connection, its: () => T, otherwise: T): T {
    try {
      return its()
    } catch (cause) {
      write("error", "command-read-failed", failureFields(cause))
      connection.close("TRY_AGAIN_LATER", "its commands cannot be read now")
      return otherwise
    }
  }

  function logFor(connection: Connection): FeedOptions["log"] {
    return {
      command: (channel, id) => read(connection, () => command(channel, id), undefined),
      openCommands: (channel, offset, limit) => read(connection, () => log.openCommands(channel, offset, limit), []),
    }
  }

  function feedOf(connection: Connection): CommandFeed {
    const known = feeds.get(connection)
    if (known !== undefined) return known
    const feed: CommandFeed = new CommandFeed(connection, {
      ...{ clock, log, limits },
      onUnfollow: (channel, id) => remove(keyOf(channel, id), feed),
      log: logFor(connection),
    })
    feeds.set(connection, feed)
    return feed
  }

  function unserve(connection: Connection, channel: string, error?: MagpieError): void {
    const own = servers.get(channel)
    if (own?.delete(connection) === true && own.size === 0) servers.delete(channel)
    feeds.get(connection)?.unserve(channel, error)
  }

  /** One that cannot be told keeps nobody else from being told. */
  function watched(watcher: Watcher): void {
    try {
      watcher.changed()
    } catch (cause) {
      watcher.ended(toMagpieError(cause))
    }
  }

  function take(channel: string, offset: number, { command, serving }: LedgerStep): void {
    if (command !== undefined) {
      for (const follower of [...(followers.get(keyOf(channel, command)) ?? [])]) {
        if (follower instanceof CommandFeed) follower.changed(channel, command)
        else watched(follower)
      }
      for (const connection of servers.get(channel) ?? []) feeds.get(connection)?.changed(channel, command)
    }
    if (serving === undefined) return
    for (const connection of [...(servers.get(channel) ?? [])]) {
      const { fence, since = offset } = feeds.get(connection)?.servingOf(channel) ?? {}
      // Under the same fence it is the same device, over a newer link: this one takes no leave for it when it ends.
      if (fence === serving && since < offset) unserve(connection, channel)
      else if (fence !== serving) unserve(connection, channel, new MagpieError("CONFLICT", `another one serves "${channel}" now`))
    }
  }

  /** Of the channels for which `concerns` says yes. */
  function endWatching(concerns: (channel: string) => boolean, error: MagpieError): void {
    for (const [key, own] of [...followers]) {
      if (!concerns(channelOf(key))) continue
      for (const follower of [...own]) if (!(follower instanceof CommandFeed)) follower.ended(error)
    }
  }

  return {
    of: feedOf,
    find: (connection) => feeds.get(connection),
    command,
    follow(connection, channel, id, name, known = 0) {
      if (connection.open === undefined) return
      const feed = feedOf(connection)
      add(keyOf(channel, id), feed)
      feed.follow(channel, id, name, known)
    },
    serve(connection, channel, fence, since) {
      const newest = read(connection, () => log.commandCounts(channel).fence, fence)
      if (connection.open === undefined) return false
      // Somebody may have begun to serve while the answer was on its way: that was told before.
      if (newest !== fence) {
        connection.tell({ type: "unserved", channel, code: "CONFLICT", message: `another one serves "${channel}" now` })
        return true
      }
      const own = servers.get(channel) ?? new Set()
      servers.set(channel, own.add(connection))
      feedOf(connection).serve(channel, fence, since)
      return true
    },
    unserve,
    watch(channel, id, watcher) {
      const key = keyOf(channel, id)
      add(key, watcher)
      if (isClosed) watcher.ended(closed())
      return () => remove(key, watcher)
    },
    written({ channel, data, offset = 0 }) {
      latest = undefined
      if (followers.size === 0 && !servers.has(channel)) return
      take(channel, offset, stepIn(data))
    },
    endEpoch(concerns) {
      latest = undefined
      for (const [connection, feed] of [...feeds]) {
        if (feed.concerns(concerns)) connection.close("TRY_AGAIN_LATER", "the log begins a new epoch")
      }
      endWatching(
        concerns,
        new MagpieError("UNAVAILABLE", "the log begins a new epoch: what became of the command is told when it is called again"),
      )
    },
    closed(connection) {
      const feed = feeds.get(connection)
      if (feed === undefined) return
      for (const [channel] of feed.served) unserve(connection, channel)
      feeds.delete(connection)
      feed.end()
    },
    close() {
      isClosed = true
      endWatching(() => true, closed())
      feeds.clear()
      followers.clear()
      servers.clear()
    },
  }
}
