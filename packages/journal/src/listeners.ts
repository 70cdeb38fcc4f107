import type { Env } from "@magpie/protocol"

/** Who wants to know. One that throws must not make what happened look as if it had not. */
export class Listeners<T> {
  readonly #env: Env
  readonly #all = new Set<(value: T) => void>()

  constructor(env: Env) {
    this.#env = env
  }

  add(listener: (value: T) => void): () => void {
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  tell(value: T): void {
    for (const listener of this.#all) {
      try {
        listener(value)
      } catch (error) {
        // Its message may quote a payload.
        this.#env.log("error", "journal.listener-failed", { name: error instanceof Error ? error.name : typeof error })
      }
    }
  }
}
