import type { CommandRow, DurableLog } from "@magpie/journal"
import {
  type ChannelMatch,
  type Clock,
  type CommandFailure,
  type CommandInput,
  type CommandKind,
  type CommandName,
  type CommandOutput,
  type CommandState,
  isFinal,
  type Limits,
  type Log,
  outcomeError,
  type ProgressOutput,
  type Random,
} from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { Followers } from "../channel/followers.ts"
import { callCommand, submitStep } from "../commands/call-command.ts"
import { resultOf } from "../commands/command-message.ts"
import type { Commands } from "../commands/commands.ts"
import { readCommand, type ServerCommand } from "../commands/server-command.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import { toHex } from "../session/session-token.ts"
import type { AnyServerChannel } from "./server-receipt.ts"

export interface ServerCallOptions<Progress> {
  /** The same id is the same command, however often it is called [G9]. Default: drawn at random. */
  readonly id?: string
  /** How long it may wait until it is begun, in milliseconds. Default: the contract's. */
  readonly deadlineMs?: number
  /** The user in whose name it is called. Default: none, which is the server itself. */
  readonly from?: string
  readonly onState?: (state: CommandState) => void
  readonly onProgress?: (progress: Progress) => void
  /** Asks that the command end. What becomes of it is still awaited. */
  readonly signal?: AbortSignal
}

/** How a command ended. */
export type CommandOutcome<K, N> =
  | { readonly id: string; readonly state: "done"; readonly output: CommandOutput<K, N> }
  | {
      readonly id: string
      readonly state: "failed"
      readonly error: CommandFailure<K, N> | { readonly code: string; readonly message?: string }
    }
  | { readonly id: string; readonly state: "expired" | "cancelled" | "indeterminate" }

export interface ServerCommands<K> extends AnyServerChannel {
  readonly kind: "command"
  /** Whether somebody serves the channel now, as far as the log was told. */
  readonly isServed: boolean
  /**
   * Calls a command and resolves to its output. Fails with what `outcome` fails with, and as the command ended: FAILED
   * (`details.error`), EXPIRED, ABORTED where it was cancelled, or INDETERMINATE [G9].
   */
  call<N extends CommandName<K>>(
    name: N,
    input: CommandInput<K, N>,
    options?: ServerCallOptions<ProgressOutput<K, N>>,
  ): Promise<CommandOutput<K, N>>
  /**
   * Calls a command and resolves to how it ended. Fails with BAD_REQUEST, CONFLICT (the id stands for another command), UNAVAILABLE
   * (nobody serves the channel, and the contract refuses then; or the log began a new epoch, and the same id tells what it knows of
   * the command), LIMIT_EXCEEDED, TOO_LARGE, STORAGE_FENCED or CLOSED.
   */
  outcome<N extends CommandName<K>>(
    name: N,
    input: CommandInput<K, N>,
    options?: ServerCallOptions<ProgressOutput<K, N>>,
  ): Promise<CommandOutcome<K, N>>
  /** Asks that a command end: one that was not begun has, any other decides. Fails with UNRECOVERABLE where it is not remembered. */
  cancel(id: string): Promise<void>
  /** Undefined where it is not remembered. */
  get(id: string): ServerCommand | undefined
  /** Commands that have not ended, in the order of their calls. */
  open(): readonly ServerCommand[]
}

export interface ServerCommandsContext {
  readonly clock: Clock
  readonly random: Random
  readonly log: DurableLog
  readonly followers: Followers
  readonly limits: Limits
  readonly commands: Pick<Commands, "live" | "runner">
  readonly authorizer: Pick<Authorizer, "rulesOf">
  readonly write: Log
}

const ID_BYTES = 16

export function createServerCommands(name: string, match: ChannelMatch, context: ServerCommandsContext): ServerCommands<CommandKind> {
  const { log, followers, limits, random, commands, authorizer, write } = context
  const { live, runner } = commands
  const { pattern } = match

  function cancel(id: string): Promise<unknown> {
    return submitStep(log, name, pattern, { action: "cancel", id, anybody: true })
  }

  /** One that throws must not keep anybody else from being told. */
  function tell(command: string, listener: () => void): void {
    try {
      listener()
    } catch (thrown) {
      write("error", "command-listener-failed", { channel: name, command, ...failureFields(thrown) })
    }
  }

  /** Resolves when it has ended. */
  async function ending(id: string, { onState, onProgress }: ServerCallOptions<unknown>): Promise<CommandRow> {
    let stop = (): void => {}
    try {
      return await new Promise<CommandRow>((resolve, reject) => {
        let version = 0
        const changed = (): void => {
          const row = log.command(name, id)
          if (row === undefined || row.version <= version) return
          version = row.version
          tell(row.name, () => onState?.(row.state))
          const { progress } = resultOf(row)
          if (progress !== undefined) tell(row.name, () => onProgress?.(progress))
          if (isFinal(row.state)) resolve(row)
        }
        stop = live.watch(name, id, { changed, ended: reject })
        changed()
      })
    } finally {
      stop()
    }
  }

  async function outcome(
    command: string,
    input: unknown,
    options: ServerCallOptions<unknown> = {},
  ): Promise<CommandOutcome<CommandKind, string>> {
    const { id = toHex(random.bytes(ID_BYTES)), deadlineMs, from, signal } = options
    await callCommand({ log, limits, authorizer, runner }, name, match, { id, name: command, input, deadlineMs }, from)
    const abort = (): void => void cancel(id).catch(() => {})
    signal?.addEventListener("abort", abort, { once: true })
    if (signal?.aborted === true) abort()
    try {
      const row = await ending(id, options)
      return { id, state: row.state, ...resultOf(row) } as CommandOutcome<CommandKind, string>
    } finally {
      signal?.removeEventListener("abort", abort)
    }
  }

  return {
    kind: "command",
    name,
    get subscribers() {
      return followers.count(name)
    },
    get isServed() {
      return log.commandCounts(name).servedSince > 0
    },
    outcome: outcome as ServerCommands<CommandKind>["outcome"],
    async call(command, input, options) {
      const ended = await outcome(command, input, options as ServerCallOptions<unknown>)
      if (ended.state !== "done") throw outcomeError(ended)
      return ended.output as never
    },
    async cancel(id) {
      await cancel(id)
    },
    get(id) {
      const row = log.command(name, id)
      return row && readCommand(id, row)
    },
    open: () => log.openCommands(name, 0, limits.openCommands).map((row) => readCommand(row.id, row)),
  }
}
