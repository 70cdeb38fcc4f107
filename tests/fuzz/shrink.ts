import type { Input, Target } from "./target.ts"
import { trial } from "./trial.ts"

const MOST_TRIES = 400

/** A shorter input that breaks the same promise: pieces are left out as long as it still does. */
export async function shrink(target: Target, input: Input, problem: string): Promise<Input> {
  let kept = input
  let tries = 0
  for (let piece = Math.ceil(input.length / 2); piece >= 1 && tries < MOST_TRIES; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let start = 0; start < kept.length && tries < MOST_TRIES; tries++) {
      const shorter = without(kept, start, start + piece)
      if ((await trial(target, shorter)).problem === problem) kept = shorter
      else start += piece
    }
  }
  return kept
}

function without(input: Input, start: number, end: number): Input {
  if (typeof input === "string") return input.slice(0, start) + input.slice(end)
  return Uint8Array.of(...input.subarray(0, start), ...input.subarray(end))
}
