import {
  type CommandFailure,
  type CommandInput,
  type CommandKind,
  type CommandName,
  type CommandOutput,
  type CommandState,
  outcomeError,
  type ProgressOutput,
  validatePart,
} from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { CommandChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import { randomName } from "../random-name.ts"
import { createCalls, type WantedCall } from "./calls.ts"
import { followLedger, type LedgerOptions, type LedgerPage, type LedgerStep, readLedger } from "./ledger.ts"

export interface CallOptions<Progress = unknown> {
  /** The same id is the same command, however often and from wherever it is called [G9]: with one of your own it survives a restart. Default: drawn at random. */
  readonly id?: string
  /** How long it may wait until it is begun, in milliseconds. Default: the contract's. */
  readonly deadlineMs?: number
  readonly onState?: (state: CommandState) => void
  readonly onProgress?: (progress: Progress) => void
  /** Asks that the command end. What becomes of it is still awaited, unless it has never left: then it fails with ABORTED. */
  readonly signal?: AbortSignal
}

/** How a command ended. */
export type CommandOutcome<K, N> =
  | { readonly id: string; readonly state: "done"; readonly output: CommandOutput<K, N> }
  | { readonly id: string; readonly state: "failed"; readonly error: CommandFailure<K, N> | Failure }
  | { readonly id: string; readonly state: "expired" | "cancelled" | "indeterminate" }

/** A failure by none of the contract's codes: one of Magpie's. */
interface Failure {
  readonly code: string
  readonly message?: string
}

/** A command that waits for its end, as `pending` gives it. */
export interface Call {
  readonly id: string
  readonly name: string
  /** Undefined until the server has said it. */
  readonly state: CommandState | undefined
}

/** The commands of a channel, for who calls them and who reads their ledger. */
export interface Commands<K> {
  /** Calls of this handle that have not ended. */
  readonly pending: readonly Call[]
  /**
   * Calls a command and resolves to its output. Survives lost links: what may not have arrived is said again under its id. Fails as
   * `outcome` does, and as the command ended: FAILED (`details.error`), EXPIRED, ABORTED where it was cancelled, or
   * INDETERMINATE [G9].
   */
  call<N extends CommandName<K>>(
    name: N,
    input: CommandInput<K, N>,
    options?: CallOptions<ProgressOutput<K, N>>,
  ): Promise<CommandOutput<K, N>>
  /**
   * Calls a command and resolves to how it ended. Fails with FORBIDDEN, BAD_REQUEST, CONFLICT (the id stands for another command),
   * UNAVAILABLE (nobody serves the channel, and the contract refuses then), LIMIT_EXCEEDED, TOO_LARGE, ABORTED (it never left) or
   * CLOSED.
   */
  outcome<N extends CommandName<K>>(
    name: N,
    input: CommandInput<K, N>,
    options?: CallOptions<ProgressOutput<K, N>>,
  ): Promise<CommandOutcome<K, N>>
  /** Asks that a command end: one that was not begun has, any other decides. Fails with FORBIDDEN, UNRECOVERABLE where it is not remembered, and CLOSED. */
  cancel(id: string): Promise<void>
  /** Calls the listener for each step of the ledger from now on, whoever's it is. Returns its disposer. */
  onStep(listener: (step: LedgerStep) => void): () => void
  /** Steps of the ledger as it is kept, oldest first. Fails with FORBIDDEN and as a stream's `history`. */
  ledger(options?: LedgerOptions): Promise<LedgerPage>
}

const ID_BYTES = 16

/** Commands of a channel. Fails with BAD_REQUEST on what is no channel of a client. */
export function commands<K, Unknown extends undefined>(channel: CommandChannel<K, Unknown>): Commands<K> {
  const inside = extend(channel)
  const kind = inside.kind as CommandKind | undefined
  const calls = createCalls(inside)

  async function outcome(name: string, input: unknown, options: CallOptions = {}): Promise<CommandOutcome<K, string>> {
    const { id = randomName(inside.random, ID_BYTES), deadlineMs = kind?.deadlineMs, ...rest } = options
    if (typeof id !== "string" || id === "" || id.length > 128) throw badField("id", "must have 1 to 128 characters")
    if (deadlineMs !== undefined && !(Number.isSafeInteger(deadlineMs) && deadlineMs >= 0))
      throw badField("deadlineMs", "must be a whole number")
    if (kind !== undefined) validatePart(kind, name, "input", input)
    inside.start()
    const wanted: WantedCall = { id, name, input, deadlineMs, ...rest }
    // The server took output and error through the contract's schemas.
    return (await calls.call(wanted)) as CommandOutcome<K, string>
  }

  const its: Omit<Commands<unknown>, "call" | "outcome"> & {
    call(name: string, input: unknown, options?: CallOptions): Promise<unknown>
    outcome(name: string, input: unknown, options?: CallOptions): Promise<unknown>
  } = {
    get pending() {
      return calls.pending()
    },
    outcome,
    async call(name, input, options) {
      const ended = await outcome(name, input, options)
      if (ended.state === "done") return ended.output
      throw outcomeError(ended)
    },
    async cancel(id) {
      inside.start()
      const data = { action: "cancel", command: id }
      await inside.request({ type: "publish", channel: inside.name, name: "$command", data }, "published", { repeat: true })
    },
    onStep: (listener) => followLedger(channel, listener),
    ledger: (options) => readLedger(inside, options),
  }
  return its as unknown as Commands<K>
}
