import {
  type Command,
  type CommandErrorData,
  type CommandKind,
  failureOf,
  isMagpieError,
  MagpieError,
  toMagpieError,
} from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import { elapsedSince } from "./moment.ts"
import { createProgress } from "./progress.ts"
import type { Reporting } from "./reporting.ts"
import type { CommandContext } from "./serve-commands.ts"
import type { CommandStore, StoredReport } from "./store.ts"

export type Handlers = Readonly<Record<string, ((input: unknown, context: CommandContext) => unknown) | undefined>>

export interface JobsOptions {
  readonly store: CommandStore
  readonly handlers: Handlers
  readonly concurrency: number
  readonly reporting: Reporting
}

/** The commands that a device was given and has not ended. */
export interface Jobs {
  has(id: string): boolean
  take(given: Command): void
  /** Somebody asked that it end. */
  cancel(id: string): void
  /** It has ended without this device. */
  ended(id: string): void
  end(error: MagpieError): void
  /** Resolves when no handler runs any more, and what they gave is stored. */
  settled(): Promise<void>
}

interface Job {
  readonly given: Command
  readonly stop: AbortController
  isCancelled: boolean
}

export function createJobs({ clock, schedule, kind, onError }: Extension, options: JobsOptions): Jobs {
  const { store, handlers, concurrency, reporting } = options
  const jobs = new Map<string, Job>()
  const running = new Set<Promise<void>>()
  const waiting: (() => void)[] = []
  let taken = 0

  /** Resolves when it is this one's turn, in the order of asking. */
  async function turn(): Promise<void> {
    if (taken >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve))
    else taken++
  }

  function next(): void {
    const first = waiting.shift()
    if (first === undefined) taken--
    else first()
  }

  async function run(job: Job): Promise<void> {
    const { command, state } = job.given
    const before = await store.get(command)
    if (before?.state === "ended") return tell(command, before.report)
    if (before !== undefined || state === "started" || state === "progress") return tell(command, { state: "indeterminate" })
    if (state === "queued") await reporting.tell({ command, state: "delivered" })
    await turn()
    try {
      if (!job.stop.signal.aborted) await begin(job)
    } finally {
      next()
    }
  }

  /** The log's order decides whether it may be begun; then the time that was left by the server's clock, counted from before it was asked. */
  async function begin(job: Job): Promise<void> {
    const { command, name, deadline } = job.given
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
    if (handler === undefined) {
      return tell(command, { state: "failed", data: { code: "BAD_REQUEST", message: `this device has no command "${name}"` } })
    }
    const { reply, saidAt } = await reporting.tell({ command, state: "started" })
    const leftMs = deadline - (reply.at ?? 0)
    try {
      await store.put(command, { state: "started" })
    } catch (thrown) {
      onError(toMagpieError(thrown))
      return tell(command, { state: "failed", data: { code: "INTERNAL", message: "the device could not keep that it begins" } })
    }
    if (job.isCancelled) return finish(command, name, { state: "cancelled" })
    if (job.stop.signal.aborted) return
    if (elapsedSince(clock, saidAt) >= leftMs) return finish(command, name, { state: "expired" })
    const timer = schedule.after(leftMs - elapsedSince(clock, saidAt), () =>
      job.stop.abort(new MagpieError("EXPIRED", "the command's deadline has passed")),
    )
    const done = execute(job, handler).finally(() => timer.cancel())
    const stored = done.then((report) => store.put(command, { state: "ended", report }))
    running.add(stored)
    stored.finally(() => running.delete(stored)).catch(() => {})
    // It has taken effect: that is told, whatever the store says.
    await stored.catch((thrown: unknown) => onError(toMagpieError(thrown)))
    await finish(command, name, await done)
  }

  async function execute(job: Job, handler: (input: unknown, context: CommandContext) => unknown): Promise<StoredReport> {
    const { command, name, input, from } = job.given
    const progress = createProgress((data) => reporting.tell({ command, state: "progress", data }))
    const context = { id: command, from, signal: job.stop.signal, progress: progress.add }
    try {
      const data = await handler(input, context)
      return data === undefined ? { state: "done" } : { state: "done", data }
    } catch (thrown) {
      if (job.isCancelled) return { state: "cancelled" }
      if (!isMagpieError(thrown)) onError(toMagpieError(thrown))
      return { state: "failed", data: failureIn(name, thrown) }
    } finally {
      progress.end()
    }
  }

  function failureIn(name: string, thrown: unknown): CommandErrorData {
    try {
      return failureOf(thrown, kind as CommandKind | undefined, name)
    } catch (refused) {
      tellRefused(name, toMagpieError(refused))
      return failureOf(refused, undefined, name)
    }
  }

  function tellRefused(name: string, error: MagpieError): void {
    onError(new MagpieError(error.code, `what "${name}" gave was refused: ${error.reason}`, { cause: error }))
  }

  /** What the contract refuses was the handler's own: the caller is told that much. */
  async function finish(command: string, name: string, report: StoredReport): Promise<void> {
    if (report.state === "expired" || report.state === "cancelled") await store.put(command, { state: "ended", report })
    try {
      await tell(command, report)
    } catch (thrown) {
      const error = toMagpieError(thrown)
      if (error.code !== "BAD_REQUEST" && error.code !== "TOO_LARGE") throw error
      tellRefused(name, error)
      const instead: StoredReport = { state: "failed", data: { code: error.code, message: error.reason } }
      await store.put(command, { state: "ended", report: instead })
      await tell(command, instead)
    }
  }

  async function tell(command: string, report: StoredReport | { readonly state: "indeterminate" }): Promise<void> {
    await reporting.tell({ command, ...report })
  }

  return {
    has: (id) => jobs.has(id),
    take(given) {
      const { command } = given
      if (jobs.has(command)) return
      const job: Job = { given, stop: new AbortController(), isCancelled: given.cancel === true }
      jobs.set(command, job)
      run(job)
        .catch((thrown: unknown) => {
          const error = toMagpieError(thrown)
          // It ended otherwise, or this device serves no longer: both are known.
          if (!KNOWN_ENDS.has(error.code)) onError(error)
        })
        .finally(() => jobs.delete(command))
    },
    cancel(id) {
      const job = jobs.get(id)
      if (job === undefined) return
      job.isCancelled = true
      job.stop.abort(new MagpieError("ABORTED", "somebody asked that the command end"))
    },
    ended: (id) => jobs.get(id)?.stop.abort(new MagpieError("CONFLICT", "the command has ended otherwise")),
    end(error) {
      for (const { stop } of jobs.values()) stop.abort(error)
    },
    async settled() {
      await Promise.allSettled([...running])
    },
  }
}

const KNOWN_ENDS: ReadonlySet<string> = new Set(["CONFLICT", "EXPIRED", "UNRECOVERABLE", "CLOSED"])
