import type { DurableLog } from "@magpie/journal"
import { type CommandState, isFinal, type MagpieError } from "@magpie/protocol"
import { DEVICE } from "../simulated-app.ts"
import { EXPLAINED_OF_WRITES } from "./explained.ts"
import { Violation } from "./violation.ts"

/** What must be true of commands [I17]. */
export interface CommandTruth {
  called(id: string): void
  /** The device does it. Fails where it was done before, or had ended without being begun. */
  effect(id: string, publisher: string): void
  /** Somebody reads this step in the ledger. Fails where it had ended otherwise. */
  told(publisher: string, id: string, state: CommandState): void
  /** Its caller is told how it ended. */
  ended(publisher: string, id: string, state: CommandState): void
  failed(publisher: string, error: MagpieError): void
  /** What has ended is known by its end, everywhere the same. */
  check(node: string, log: DurableLog): void
}

export interface CommandTruthOptions {
  reached(what: string): void
  broken(failure: unknown): void
  /** Whether something of the log may have been lost. */
  readonly lost: () => boolean
}

/** Ends of commands that were never begun. */
const NOT_BEGUN: readonly CommandState[] = ["expired"]

export function createCommandTruth({ reached, broken, lost }: CommandTruthOptions): CommandTruth {
  const calls = new Set<string>()
  const effects = new Map<string, string>()
  const ends = new Map<string, CommandState>()

  function end(who: string, id: string, state: CommandState): void {
    const known = ends.get(id)
    if (known !== undefined && known !== state && !lost())
      throw new Violation("I17", `${who} is told that ${id} ended ${state}, and it had ended ${known}`)
    if (NOT_BEGUN.includes(state) && effects.has(id) && !lost())
      throw new Violation("I17", `${id} ended ${state}, and ${effects.get(id)} has done it`)
    if (state === "done" && !effects.has(id)) throw new Violation("I17", `${who} is told that ${id} was done, and nobody has done it`)
    ends.set(id, state)
    reached(`command-${state}`)
  }

  function judging(check: () => void): void {
    try {
      check()
    } catch (failure) {
      broken(failure)
    }
  }

  return {
    called: (id) => void calls.add(id),
    effect(id, publisher) {
      judging(() => {
        if (!calls.has(id)) throw new Violation("I3", `${publisher} does ${id}, which nobody called`)
        const before = effects.get(id)
        if (before !== undefined) throw new Violation("I17", `${publisher} does ${id}, which ${before} has done`)
        const known = ends.get(id)
        if (known !== undefined && !lost()) throw new Violation("I17", `${publisher} does ${id}, which had ended ${known}`)
        effects.set(id, publisher)
      })
    },
    told(publisher, id, state) {
      judging(() => {
        if (isFinal(state)) end(publisher, id, state)
      })
    },
    ended(publisher, id, state) {
      judging(() => end(publisher, id, state))
      reached("command-answered")
    },
    failed(publisher, error) {
      reached(`command-${error.code}`)
      if (!EXPLAINED_OF_WRITES.includes(error.code) && error.code !== "STORAGE_FENCED")
        broken(new Violation("I21", `${publisher} met ${error.code}: ${error.reason}`))
    },
    check(node, log) {
      for (const [id, state] of ends) {
        const row = log.command(DEVICE, id)
        if (row !== undefined && row.state !== state && !lost())
          throw new Violation("I17", `${node} holds ${id} as ${row.state}, and it had ended ${state}`)
      }
    },
  }
}
