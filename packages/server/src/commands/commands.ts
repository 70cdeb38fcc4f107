import type { DurableLog } from "@magpie/journal"
import type { ChannelMatch, Clock, Limits, Log, Random } from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import { type CommandHandler, createCommandHandler } from "../kinds/command.ts"
import type { KindHandler } from "../kinds/kind-handler.ts"
import { toHex } from "../session/session-token.ts"
import { type CommandRunner, createCommandRunner } from "./command-runner.ts"
import { createLiveCommands, type LiveCommands } from "./live-commands.ts"

export interface CommandsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: DurableLog
  readonly write: Log
  readonly limits: Limits
  readonly authorizer: Authorizer
  readonly ledger: KindHandler
  readonly matchOf: (channel: string) => ChannelMatch
}

/** Everything that a server has for its channels of commands. */
export interface Commands {
  readonly handler: CommandHandler
  readonly live: LiveCommands
  readonly runner: CommandRunner
  close(): void
}

/** Under what an execution of this server's life is known in the log. */
const RUNNER_BYTES = 8

export function createCommands({ clock, random, log, write, limits, authorizer, ledger, matchOf }: CommandsOptions): Commands {
  const live = createLiveCommands({ clock, log, limits, write })
  let name: string | undefined
  const runner = createCommandRunner({ nameOf: () => (name ??= toHex(random.bytes(RUNNER_BYTES))), ...{ clock, log, limits, write, live } })
  return {
    live,
    runner,
    handler: createCommandHandler({ clock, log, limits, authorizer, ledger, live, runner, matchOf }),
    close() {
      runner.close()
      live.close()
    },
  }
}
