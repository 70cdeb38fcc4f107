import type { CommandGiven, CommandName, CommandResult, MagpieError, ProgressInput } from "@magpie/protocol"
import type { CommandChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import { createListeners } from "../listeners.ts"
import { createServing } from "./serving.ts"
import type { CommandStore } from "./store.ts"

/** What a handler knows of the command that it runs. */
export interface CommandContext<Progress = unknown> {
  readonly id: string
  /** Who called it; undefined for the server itself and for anonymous ones. */
  readonly from: string | undefined
  /** Fires when the caller asks that it end, at the deadline, when another device serves the channel, and when this one closes. */
  readonly signal: AbortSignal
  /** Tells how far it is. Of what is told faster than it is taken, the newest is. */
  progress(progress: Progress): void
}

/** What a device does, by the command's name. It fails with `commandFailure` or a MagpieError. */
export type CommandHandlers<K> = {
  readonly [N in CommandName<K>]: (
    input: CommandGiven<K, N>,
    context: CommandContext<ProgressInput<K, N>>,
  ) => CommandResult<K, N> | Promise<CommandResult<K, N>>
}

export interface ServeOptions<K> {
  readonly store: CommandStore
  readonly handlers: CommandHandlers<K>
  /** Commands that run at the same time. Default 1: each begins when the one before has ended, in the order of their calls. */
  readonly concurrency?: number
}

export type ServingState =
  /** No link, or the server was not told yet. What runs goes on. */
  | { readonly state: "connecting" }
  | { readonly state: "serving" }
  /** For good: CONFLICT where another device serves the channel, or what the server refused. */
  | { readonly state: "ended"; readonly error: MagpieError }

/** A device that runs a channel's commands. */
export interface CommandServer {
  readonly state: ServingState
  on(event: "state", listener: (state: ServingState) => void): () => void
  /** Serves no longer. What runs is asked to end; how it ended is in the store, and told by the next one that serves with it. Idempotent. */
  close(): Promise<void>
}

/**
 * Runs the commands of a channel: each at most once, and never after its deadline, whatever the clocks say [G9]. A device that
 * starts takes the channel over from the one before; one that comes back over a new link, after another took over, is told that it has ended.
 * What the store knows as begun and not as ended is reported `indeterminate`. Fails with BAD_REQUEST and CLOSED.
 */
export function serveCommands<K, Unknown extends undefined>(channel: CommandChannel<K, Unknown>, options: ServeOptions<K>): CommandServer {
  const inside = extend(channel)
  const listeners = createListeners<ServingState>(inside.onError, inside.name)
  inside.start()
  const serving = createServing(inside, {
    store: options.store,
    handlers: options.handlers as Parameters<typeof createServing>[1]["handlers"],
    concurrency: options.concurrency ?? 1,
    stateChanged(state) {
      listeners.emit(state)
      if (state.state === "ended") listeners.clear()
    },
  })
  return {
    get state() {
      return serving.state
    },
    on: (_event, listener) => listeners.add(listener),
    close: serving.close,
  }
}
