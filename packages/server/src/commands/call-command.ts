import type { CommandStep, DurableLog, Outcome } from "@magpie/journal"
import type { ChannelMatch, CommandKind, Limits } from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { CommandRunner } from "./command-runner.ts"
import { callStep, refusedStep, requireRunner, type WantedCall } from "./command-step.ts"

/** What is needed to call commands from the server's side of the wire. */
export interface CallingContext {
  readonly log: Pick<DurableLog, "step">
  readonly limits: Limits
  readonly authorizer: Pick<Authorizer, "rulesOf">
  readonly runner: CommandRunner
}

/**
 * Calls a command for the server itself or for a back end, and runs it where the server does. Resolves when the log has it, or had it
 * before. Fails with BAD_REQUEST, TOO_LARGE, CONFLICT, UNAVAILABLE and LIMIT_EXCEEDED.
 */
export async function callCommand(
  { log, limits, authorizer, runner }: CallingContext,
  channel: string,
  match: ChannelMatch,
  wanted: WantedCall,
  from: string | undefined,
): Promise<void> {
  const handlers = authorizer.rulesOf(match.pattern)?.handle
  const step = callStep(match.kind as CommandKind, wanted, limits, handlers && runner.name)
  requireRunner(handlers, wanted.name)
  const begin = handlers && runner.prepare({ channel, match, id: wanted.id, handlers })
  const { result } = await submitStep(log, channel, match.pattern, step, from)
  if (result === "stored") begin?.()
}

/** Fails with why it was refused. */
export async function submitStep(
  log: Pick<DurableLog, "step">,
  channel: string,
  pattern: string,
  step: CommandStep,
  from?: string,
): Promise<Outcome> {
  const outcome = await log.step({ channel, pattern, from, step })
  if (outcome.result === "refused") throw refusedStep(outcome.code)
  return outcome
}
