import type { CommandRow, CommandStep, DurableLog } from "@magpie/journal"
import {
  type ChannelMatch,
  type Clock,
  type CommandKind,
  failureOf,
  isFinal,
  type Limits,
  type Log,
  MagpieError,
  type Timer,
  toMagpieError,
} from "@magpie/protocol"
import type { AnyCommandContext, AnyHandlers } from "../channel-rules.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import { reportStep, type WantedReport } from "./command-step.ts"
import type { LiveCommands } from "./live-commands.ts"

/** Pauses before how a command ended is said again: each is twice the one before. */
const RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

/** A command that is to run here. */
export interface RunCommand {
  readonly channel: string
  readonly match: ChannelMatch
  readonly id: string
  readonly handlers: AnyHandlers
}

export interface ExecutionOptions {
  readonly clock: Clock
  readonly log: DurableLog
  readonly limits: Limits
  readonly write: Log
  readonly live: LiveCommands
  /** Under what this server is known in the log. */
  readonly runner: string
}

/** One command that this server runs, from before it is submitted. */
export class CommandExecution {
  readonly #command: RunCommand
  readonly #options: ExecutionOptions
  readonly #since: { readonly monotonicMs: number; readonly wallMs: number }
  /** Why it is to end. */
  #reason: MagpieError | undefined
  /** Made when the handler asks for its signal: most never do. */
  #stop: AbortController | undefined
  #isOver = false
  #deadline: Timer | undefined
  #endPause: (() => void) | undefined
  #closed = false

  /** Its time counts from here. */
  constructor(command: RunCommand, options: ExecutionOptions) {
    this.#command = command
    this.#options = options
    this.#since = { monotonicMs: options.clock.monotonic(), wallMs: options.clock.now() }
  }

  /** Whether its handler has returned; what it gave may still be on its way to the log. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Runs its handler where it may still be begun, and reports how it ended. */
  async run(): Promise<void> {
    const { channel, id } = this.#command
    const row = this.#options.live.command(channel, id)
    if (row !== undefined && !isFinal(row.state)) await this.#end(row, await this.#outcome(row))
  }

  /** Asks that it end. */
  abort(error: MagpieError): void {
    this.#reason ??= error
    this.#stop?.abort(this.#reason)
  }

  /** Asks that it end, and waits for nothing more. */
  close(error: MagpieError): void {
    this.#closed = true
    this.abort(error)
    this.#deadline?.cancel()
    this.#endPause?.()
  }

  /** While it waits for something, it hears of whoever asks that it end, and of its deadline. */
  async #awaited(given: unknown, leftMs: number): Promise<unknown> {
    const { channel, id } = this.#command
    const { live, clock } = this.#options
    const unwatch = live.watch(channel, id, { changed: () => this.#look(), ended: () => {} })
    this.#deadline = clock.setTimer(leftMs, () => this.abort(new MagpieError("EXPIRED", "the command's deadline has passed")))
    try {
      return await given
    } finally {
      unwatch()
      this.#deadline.cancel()
    }
  }

  #look(): void {
    const row = this.#options.live.command(this.#command.channel, this.#command.id)
    if (row === undefined || row.isCancelled || isFinal(row.state))
      this.abort(new MagpieError("ABORTED", "somebody asked that the command end"))
  }

  /** The log may have taken long, and have taken more than the call. */
  async #outcome(row: CommandRow): Promise<WantedReport> {
    const { id } = this.#command
    if (row.isCancelled) return { id, state: "cancelled" }
    const leftMs = row.deadline - row.calledAt - this.#elapsedMs()
    return leftMs <= 0 ? { id, state: "expired" } : this.#execute(row, leftMs)
  }

  async #execute(row: CommandRow, leftMs: number): Promise<WantedReport> {
    const { id, channel, match, handlers } = this.#command
    const signal = (): AbortSignal => this.#signal()
    const its: AnyCommandContext = {
      id,
      channel,
      params: match.params,
      from: row.from,
      deadline: row.deadline,
      get signal() {
        return signal()
      },
      progress: (data) => {
        const told = this.#tellProgress(row.name, data)
        // A handler need not wait for it, and whether anybody takes it changes nothing of the command [G11].
        told.catch(() => {})
        return told
      },
    }
    try {
      const given = handlers[row.name]?.(JSON.parse(row.input) as never, its)
      this.#isOver = !isThenable(given)
      return { id, state: "done", data: this.#isOver ? given : await this.#awaited(given, leftMs) }
    } catch (thrown) {
      return this.#endOf(row.name, thrown)
    } finally {
      this.#isOver = true
    }
  }

  #signal(): AbortSignal {
    if (this.#stop === undefined) {
      this.#stop = new AbortController()
      if (this.#reason !== undefined) this.#stop.abort(this.#reason)
    }
    return this.#stop.signal
  }

  async #tellProgress(name: string, data: unknown): Promise<void> {
    await this.#submit(this.#stepOf(name, { id: this.#command.id, state: "progress", data }))
  }

  #endOf(name: string, thrown: unknown): WantedReport {
    const { id, channel, match } = this.#command
    const { live, write } = this.#options
    if (this.#reason !== undefined && live.command(channel, id)?.isCancelled === true) return { id, state: "cancelled" }
    try {
      const data = failureOf(thrown, match.kind as CommandKind, name)
      if (data.code === "INTERNAL") write("error", "command-failed", { command: name, ...failureFields(thrown) })
      return { id, state: "failed", data }
    } catch (refused) {
      return this.#refused(name, refused)
    }
  }

  /** What the contract refuses was the handler's own: the caller is told that much. */
  #refused(name: string, cause: unknown): WantedReport {
    const { channel, id } = this.#command
    this.#options.write("error", "command-output-refused", { channel, command: name, ...failureFields(cause) })
    return { id, state: "failed", data: failureOf(cause, undefined, name) }
  }

  /** Says it until the log has taken it, or has given the command up. */
  async #end(row: CommandRow, ended: WantedReport): Promise<void> {
    const step = this.#stepOfEnd(row.name, ended)
    const givenUpMs = row.deadline - row.calledAt + row.reportMs
    for (let failures = 0; ; failures++) {
      try {
        return await this.#submit(step)
      } catch (cause) {
        const { code, retryAfterMs = Math.min(RETRY_MS * 2 ** failures, LONGEST_RETRY_MS) } = toMagpieError(cause)
        if (code !== "UNAVAILABLE" || this.#closed || this.#elapsedMs() >= givenUpMs) throw cause
        await this.#pause(retryAfterMs)
      }
    }
  }

  #stepOfEnd(name: string, ended: WantedReport): CommandStep {
    try {
      return this.#stepOf(name, ended)
    } catch (cause) {
      return this.#stepOf(name, this.#refused(name, cause))
    }
  }

  #stepOf(name: string, wanted: WantedReport): CommandStep {
    const { runner, limits } = this.#options
    return reportStep(this.#command.match.kind as CommandKind, name, wanted, { runner }, limits)
  }

  async #submit(step: CommandStep): Promise<void> {
    const { channel, match } = this.#command
    const outcome = await this.#options.log.step({ channel, pattern: match.pattern, step })
    if (outcome.result === "refused") throw new MagpieError(outcome.code, "the report was refused")
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(ms, resolve)
      this.#endPause = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** By the clock that has run further: one may stand still while the machine sleeps. */
  #elapsedMs(): number {
    const { clock } = this.#options
    return Math.max(clock.monotonic() - this.#since.monotonicMs, clock.now() - this.#since.wallMs)
  }
}

/** What is awaited may be of another realm, or of a library's own making. */
function isThenable(given: unknown): boolean {
  return typeof given === "object" && given !== null && "then" in given
}
