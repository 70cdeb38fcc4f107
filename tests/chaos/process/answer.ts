import { type Asked, EXIT, type Questions, type Told } from "./questions.ts"

function send(message: Told): void {
  if (process.connected) process.send?.(message)
}

/** The inside of a child process: answers what the runner asks, and ends when the runner is gone. */
export function answer(questions: Questions): void {
  process.on("disconnect", () => process.exit(1))
  process.on("message", async ({ id, ask, given }: Asked) => {
    if (ask === EXIT) process.exit(0)
    try {
      const known = questions[ask]
      if (known === undefined) throw new Error(`nobody answers "${ask}"`)
      send({ id, value: await known(given as never) })
    } catch (failure) {
      send({ id, failure: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure) })
    }
  })
  send({ ready: true })
}

/** Tells the runner something that it did not ask for. */
export function note(value: unknown): void {
  send({ note: value })
}
