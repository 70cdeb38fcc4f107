import type { DurableLog } from "@magpie/journal"
import { type ChannelMatch, type Clock, type Contract, isFinal, MagpieError, type Random, toMagpieError } from "@magpie/protocol"
import { type CallingContext, callCommand, submitStep } from "../commands/call-command.ts"
import type { LiveCommands } from "../commands/live-commands.ts"
import { readCommand, type ServerCommand } from "../commands/server-command.ts"
import { laterInsteadOfClosed } from "../kinds/leaving-log.ts"
import { toHex } from "../session/session-token.ts"
import { type ApiAction, type ApiCaller, requireChannel, requireUser } from "./rights.ts"

/** A call as it stands in a body. */
export interface CallBody {
  readonly channel: string
  readonly name: string
  readonly input: unknown
  readonly deadlineMs?: number | undefined
  readonly from?: string | undefined
  readonly waitMs?: number | undefined
}

/** A channel's commands, for back ends. What they may is said by their rights, as for publishing. */
export interface Commanding {
  /** Resolves when it has ended, or after `waitMs` as it is then. Without an id one is drawn. */
  call(caller: ApiCaller, body: CallBody, id: string | undefined): Promise<ServerCommand>
  /** Asks that it end. Fails with UNRECOVERABLE where it is not remembered. */
  cancel(caller: ApiCaller, channel: string, id: string): Promise<ServerCommand>
  /** Fails with UNRECOVERABLE where it is not remembered. */
  get(caller: ApiCaller, channel: string, id: string): ServerCommand
  open(caller: ApiCaller, channel: string, limit: number): { readonly served: boolean; readonly commands: readonly ServerCommand[] }
}

export interface CommandingOptions extends CallingContext {
  readonly contract: Contract
  readonly clock: Clock
  readonly random: Random
  readonly log: Pick<DurableLog, "step" | "command" | "openCommands" | "commandCounts">
  readonly live: Pick<LiveCommands, "watch">
}

const ID_BYTES = 16

export function createCommanding(options: CommandingOptions): Commanding {
  const { contract, clock, random, log, live } = options

  function require(caller: ApiCaller, channel: string, action: ApiAction): ChannelMatch {
    const match = contract.match(channel)
    requireChannel(caller, channel, action)
    const { kind } = match.kind
    if (kind === "command") return match
    throw new MagpieError("BAD_REQUEST", `"${channel}" is a ${kind} and has no commands`, { details: { field: "channel" } })
  }

  function read(channel: string, id: string): ServerCommand {
    const row = log.command(channel, id)
    if (row === undefined) throw new MagpieError("UNRECOVERABLE", "no command of that id is remembered")
    return readCommand(id, row)
  }

  /** Resolves when it has ended, after so long, and when the server closes. */
  function ending(channel: string, id: string, waitMs: number): Promise<void> {
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const look = (): void => {
      const row = log.command(channel, id)
      if (row === undefined || isFinal(row.state)) end()
    }
    const timer = clock.setTimer(waitMs, end)
    const stop = live.watch(channel, id, { changed: look, ended: end })
    look()
    return ended.then(() => {
      timer.cancel()
      stop()
    })
  }

  /** A log that is closing is another server's to ask. */
  async function later<T>(its: () => Promise<T>): Promise<T> {
    try {
      return await its()
    } catch (failure) {
      throw laterInsteadOfClosed(toMagpieError(failure))
    }
  }

  return {
    call(caller, { channel, name, input, deadlineMs, from, waitMs = 0 }, id = toHex(random.bytes(ID_BYTES))) {
      const match = require(caller, channel, "call")
      if (from !== undefined) requireUser(caller, from)
      return later(async () => {
        await callCommand(options, channel, match, { id, name, input, deadlineMs }, from)
        if (waitMs > 0) await ending(channel, id, waitMs)
        return read(channel, id)
      })
    },
    cancel(caller, channel, id) {
      const { pattern } = require(caller, channel, "cancel-any")
      return later(async () => {
        await submitStep(log, channel, pattern, { action: "cancel", id, anybody: true })
        return read(channel, id)
      })
    },
    get(caller, channel, id) {
      require(caller, channel, "history")
      return read(channel, id)
    },
    open(caller, channel, limit) {
      require(caller, channel, "history")
      const commands = log.openCommands(channel, 0, limit).map((row) => readCommand(row.id, row))
      return { served: log.commandCounts(channel).servedSince > 0, commands }
    },
  }
}
