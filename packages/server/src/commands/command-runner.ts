import { MagpieError, type Timer } from "@magpie/protocol"
import { failureFields } from "../metrics/failure-fields.ts"
import { CommandExecution, type ExecutionOptions, type RunCommand } from "./command-execution.ts"

/** Runs commands on this server: what was begun under its name, once. */
export interface CommandRunner {
  readonly name: string
  /**
   * For a command that is about to be submitted: its time counts from here. What it returns runs the handler, once the log has begun
   * the command for this server, and not where it has ended, was cancelled, or its deadline has passed meanwhile; it says whether the
   * handler has returned already.
   */
  prepare(command: RunCommand): () => boolean
  /** Asks everything that runs to end. Resolves when it has, or after so long; undefined where nothing runs. */
  finish(timeoutMs: number): Promise<void> | undefined
  /** Asks it without waiting. */
  close(): void
}

export interface CommandRunnerOptions extends Omit<ExecutionOptions, "runner"> {
  readonly nameOf: () => string
}

export function createCommandRunner({ nameOf, ...options }: CommandRunnerOptions): CommandRunner {
  const { clock, write } = options
  const running = new Map<CommandExecution, Promise<void>>()

  return {
    get name() {
      return nameOf()
    },
    prepare(command) {
      const execution = new CommandExecution(command, { ...options, runner: nameOf() })
      return () => {
        const done = execution
          .run()
          .catch((cause: unknown) =>
            write("error", "command-report-failed", { channel: command.channel, command: command.id, ...failureFields(cause) }),
          )
          .finally(() => running.delete(execution))
        running.set(execution, done)
        return execution.isOver
      }
    },
    finish(timeoutMs) {
      if (running.size === 0) return undefined
      for (const execution of running.keys()) execution.abort(closed())
      let timer: Timer | undefined
      const late = new Promise<void>((resolve) => {
        timer = clock.setTimer(timeoutMs, resolve)
      })
      return Promise.race([Promise.all(running.values()), late]).then(() => timer?.cancel())
    },
    close() {
      for (const execution of running.keys()) execution.close(closed())
      running.clear()
    },
  }
}

function closed(): MagpieError {
  return new MagpieError("CLOSED", "the server closes")
}
