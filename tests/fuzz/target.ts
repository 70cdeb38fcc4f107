/** What is fed to a decoder: text, or bytes. */
export type Input = string | Uint8Array

/** One decoder, or one door, in front of which strangers stand. */
export interface Target {
  readonly name: string
  /** How often it is drawn, beside the others. */
  readonly share: number
  /** Good inputs, from which the others are made. */
  readonly corpus: readonly Input[]
  /** What this decoder looks out for, beside the common words. */
  readonly words?: readonly string[]
  /** The longest input that can reach it, in characters or bytes. */
  readonly maxLength: number
  /**
   * Feeds one input and says in a word what came of it, `accepted` first where something was taken. Throws where a promise is
   * broken: any error that is not one of the coded refusals is one.
   */
  run(input: Input): string | Promise<string>
}

/** A target whose inputs are text. */
export interface TextTarget extends Omit<Target, "corpus" | "run"> {
  readonly corpus: readonly string[]
  run(input: string): string | Promise<string>
}

export function textTarget(target: TextTarget): Target {
  return { ...target, run: (input) => target.run(input as string) }
}

/** A promise to callers that did not hold. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise"
}

export function insist(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new BrokenPromise(promise)
}
