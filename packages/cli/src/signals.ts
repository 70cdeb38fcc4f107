import type { AnyContract } from "@magpie/protocol"
import type { Server } from "@magpie/server"

/** What can be stopped: a server, once there is one. */
export interface Stoppable {
  /** The server stands from now on. Resolves with the exit code when it has closed, for whatever reason. */
  watch(server: Server<AnyContract>): Promise<number>
  /** Whether somebody asked to stop before the server stood. */
  readonly asked: boolean
}

const EXIT = { stopped: 0, failed: 1 }

/**
 * SIGINT and SIGTERM: the first drains the server, the second sends everybody away at once, the third ends the process as it
 * stands. One that comes while the server starts lets it start and stops it then, so that its storage is closed properly.
 */
export function stopOnSignals(source: NodeJS.Process, exit: (code: number) => void): Stoppable {
  let server: Server<AnyContract> | undefined
  let signals = 0

  function stop(): void {
    signals += 1
    if (signals > 2) return exit(EXIT.failed)
    // Whoever watches the server learns how it ended.
    server?.close(signals === 1 ? {} : { spreadMs: 0 }).catch(() => {})
  }

  source.on("SIGINT", stop)
  source.on("SIGTERM", stop)
  return {
    get asked() {
      return signals > 0
    },
    async watch(started) {
      server = started
      if (signals > 0) started.close({ spreadMs: 0 }).catch(() => {})
      try {
        return (await started.closed) === "asked" ? EXIT.stopped : EXIT.failed
      } catch {
        return EXIT.failed
      }
    },
  }
}
