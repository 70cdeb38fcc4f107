import { inputOf } from "./campaign.ts"
import type { Input } from "./target.ts"
import { allTargets } from "./targets/index.ts"
import { type Trial, trial } from "./trial.ts"

/** A failing input as it is kept in a file. Without its text or bytes, it is made again from its seed and number. */
export interface KeptInput {
  readonly target: string
  readonly seed: string
  readonly index: number
  readonly only: readonly string[]
  readonly problem: string
  readonly text?: string
  /** In hexadecimal. */
  readonly bytes?: string
}

/** What is kept of an input: text as it is, so that half of a surrogate pair survives, and bytes in hexadecimal. */
export function keep(input: Input): Pick<KeptInput, "text" | "bytes"> {
  return typeof input === "string" ? { text: input } : { bytes: Buffer.from(input).toString("hex") }
}

/** Feeds a kept input again. */
export async function replay(kept: KeptInput): Promise<Trial> {
  if (kept.text === undefined && kept.bytes === undefined) {
    const { target, input } = await inputOf(kept.seed, kept.index, kept.only)
    return trial(target, input)
  }
  const target = (await allTargets()).find(({ name }) => name === kept.target)
  if (target === undefined) throw new RangeError(`no such target: ${kept.target}`)
  return trial(target, kept.text ?? Uint8Array.from(Buffer.from(kept.bytes ?? "", "hex")))
}
