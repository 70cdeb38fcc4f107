import type { CommandStep, Outcome } from "@magpie/journal"
import {
  type ChannelMatch,
  type Clock,
  COMMAND,
  type CommandKind,
  type CommandRequestData,
  commandRequest,
  MagpieError,
  type Publish,
  toMagpieError,
} from "@magpie/protocol"
import { forbidden } from "../access/authorizer.ts"
import type { Action } from "../channel-rules.ts"
import type { CommandRunner } from "../commands/command-runner.ts"
import { callStep, refusedStep, reportStep, requireRunner } from "../commands/command-step.ts"
import type { LiveCommands } from "../commands/live-commands.ts"
import type { Connection } from "../session/connection.ts"
import type { KindHandler } from "./kind-handler.ts"
import { createSettling } from "./settling.ts"
import type { StreamHandlerOptions } from "./stream.ts"

export interface CommandHandlerOptions extends Pick<StreamHandlerOptions, "log" | "limits" | "authorizer"> {
  readonly clock: Clock
  /** The ledger is read as a stream is. */
  readonly ledger: KindHandler
  readonly live: LiveCommands
  readonly runner: CommandRunner
  readonly matchOf: (channel: string) => ChannelMatch
}

export interface CommandHandler extends KindHandler {
  /** Ends what this connection's fresh token no longer allows. */
  reconsider(connection: Connection): Promise<void>
  closed(connection: Connection): void
}

/** What is to be stored, and what follows when it was. */
interface Admitted {
  readonly step: CommandStep
  after?(outcome: Extract<Outcome, { result: "stored" | "duplicate" }>): void
  /** Nothing of it was stored, or nobody knows. */
  otherwise?(): void
}

/** Commands: request and reply with a ledger [G9]. */
export function createCommandHandler({
  clock,
  log,
  limits,
  authorizer,
  ledger,
  live,
  runner,
  matchOf,
}: CommandHandlerOptions): CommandHandler {
  const settling = createSettling(log, limits, { now: () => clock.now() })

  async function require(connection: Connection, channel: string, match: ChannelMatch, action: Action, key?: string): Promise<void> {
    if (!(await authorizer.allowed(connection, channel, match, action, key))) throw forbidden(channel, action)
    // It could not be said any more in whose name it comes, nor what became of it.
    if (connection.open === undefined) throw new MagpieError("UNAVAILABLE", "the connection ended before this was decided")
  }

  async function call(connection: Connection, channel: string, match: ChannelMatch, asked: CommandRequestData): Promise<Admitted> {
    const { command: id, name, input, waitedMs = 0 } = asked
    if (id === undefined || name === undefined || input === undefined) throw missing(id === undefined ? "command" : name ? "input" : "name")
    await require(connection, channel, match, "call", name)
    const handlers = authorizer.rulesOf(match.pattern)?.handle
    const kind = match.kind as CommandKind
    const deadlineMs = asked.deadlineMs ?? Math.max(0, kind.deadlineMs - waitedMs)
    const step = callStep(kind, { id, name, input, deadlineMs }, limits, handlers && runner.name)
    requireRunner(handlers, name)
    const begin = handlers && runner.prepare({ channel, match, id, handlers })
    const feed = live.of(connection)
    const { identity } = connection
    feed.reserve()
    return {
      step,
      otherwise: () => feed.release(),
      after({ result, position }) {
        // One that is over already is told of when its end is stored: that it has begun would be told for nothing.
        const isOver = result === "stored" && begin?.() === true
        live.follow(connection, channel, id, name, isOver ? position.offset : 0)
        // What it may was looked at before its token was another one.
        if (connection.identity !== identity) void reconsiderCall(connection, channel, id, name)
      },
    }
  }

  async function cancel(
    connection: Connection,
    channel: string,
    match: ChannelMatch,
    { command: id }: CommandRequestData,
  ): Promise<Admitted> {
    if (id === undefined) throw missing("command")
    const row = log.command(channel, id)
    // Nobody knows one anonymous caller from another, nor from the server itself: of theirs it is who called it over this link.
    const isSame = row?.from === connection.userId && (row?.from !== undefined || live.find(connection)?.follows(channel, id) === true)
    const isOwn = row === undefined || isSame
    await require(connection, channel, match, isOwn ? "call" : "cancel-any", row?.name)
    return { step: { action: "cancel", id, anybody: !isOwn } }
  }

  async function serve(
    connection: Connection,
    channel: string,
    match: ChannelMatch,
    { fence, epoch }: CommandRequestData,
  ): Promise<Admitted> {
    await require(connection, channel, match, "serve")
    if (authorizer.rulesOf(match.pattern)?.handle !== undefined)
      throw new MagpieError("BAD_REQUEST", `"${channel}" is served by the server itself`, { details: { field: "channel" } })
    // Its fence was taken in another log, where the same offset may be somebody else's.
    if (epoch !== undefined && epoch !== log.newest(channel).epoch) throw refusedStep("UNRECOVERABLE")
    const feed = live.of(connection)
    feed.reserveServing(channel)
    return {
      step: { action: "serve", fence },
      otherwise: () => feed.releaseServing(channel),
      after(outcome) {
        feed.releaseServing(channel)
        if (outcome.result !== "stored") return
        const { offset } = outcome.position
        const its = fence ?? offset
        // The connection ended meanwhile, and took no leave.
        if (!live.serve(connection, channel, its, offset)) takeLeave(channel, { fence: its, since: offset })
      },
    }
  }

  async function report(connection: Connection, channel: string, match: ChannelMatch, asked: CommandRequestData): Promise<Admitted> {
    const { command: id, fence, state, data } = asked
    if (id === undefined || fence === undefined || state === undefined)
      throw missing(id === undefined ? "command" : fence ? "state" : "fence")
    await require(connection, channel, match, "serve")
    const row = log.command(channel, id)
    if (row === undefined) throw refusedStep("UNRECOVERABLE")
    return { step: reportStep(match.kind as CommandKind, row.name, { id, state, data }, { fence }, limits) }
  }

  async function admit(connection: Connection, { channel, name, data }: Publish, match: ChannelMatch): Promise<Admitted> {
    if (name !== COMMAND) throw new MagpieError("BAD_REQUEST", "the channel has commands and no messages", { details: { field: "name" } })
    const asked = commandRequest.check(data, "data")
    switch (asked.action) {
      case "call":
        return call(connection, channel, match, asked)
      case "cancel":
        return cancel(connection, channel, match, asked)
      case "serve":
        return serve(connection, channel, match, asked)
      case "report":
        return report(connection, channel, match, asked)
      case "leave": {
        if (asked.fence === undefined) throw missing("fence")
        await require(connection, channel, match, "serve")
        const serving = live.find(connection)?.servingOf(channel)
        live.unserve(connection, channel)
        const since = serving?.fence === asked.fence ? serving.since : undefined
        return { step: { action: "leave", fence: asked.fence, since } }
      }
    }
  }

  function leave(connection: Connection, channel: string, error?: MagpieError): void {
    const serving = live.find(connection)?.servingOf(channel)
    live.unserve(connection, channel, error)
    if (serving !== undefined) takeLeave(channel, serving, connection.userId)
  }

  async function reconsiderCall(connection: Connection, channel: string, id: string, name: string): Promise<void> {
    const refusal = await authorizer.refusal(connection, channel, matchOf(channel), "call", name)
    if (refusal !== undefined) live.find(connection)?.drop(channel, id, refusal)
  }

  /** A newer link of the same device may be on its way into the log: that one goes on. */
  function takeLeave(channel: string, { fence, since }: { readonly fence: number; readonly since: number }, from?: string): void {
    const step = { action: "leave", fence, since } as const
    // Where it cannot be stored, commands wait for somebody until their deadlines.
    log.step({ channel, pattern: matchOf(channel).pattern, from, step }).catch(() => {})
  }

  return {
    ...ledger,
    publish(connection, message, match) {
      if (settling.isBusy(connection, message)) return
      const { channel, ref } = message
      return admit(connection, message, match).then(
        ({ step, after, otherwise }) => {
          const outcome = log.step({ channel, pattern: match.pattern, from: connection.userId, ref, step })
          settling.settle(connection, message, outcome, refusedStep)
          outcome.then(
            (its) => {
              // Whoever was refused is told nothing of a command that may be somebody else's.
              if (its.result === "stored" || its.result === "duplicate") after?.(its)
              else otherwise?.()
            },
            () => otherwise?.(),
          )
        },
        (failure) => connection.refuse(message.id, toMagpieError(failure)),
      )
    },
    async reconsider(connection) {
      for (const [channel] of live.find(connection)?.served ?? []) {
        const refusal = await authorizer.refusal(connection, channel, matchOf(channel), "serve")
        if (refusal !== undefined) leave(connection, channel, refusal)
      }
      for (const [channel, id, name] of live.find(connection)?.followed ?? []) await reconsiderCall(connection, channel, id, name)
    },
    closed(connection) {
      for (const [channel] of live.find(connection)?.served ?? []) leave(connection, channel)
      live.closed(connection)
    },
  }
}

function missing(field: string): MagpieError {
  return new MagpieError("BAD_REQUEST", `${field} must be present`, { details: { field: `data.${field}` } })
}
