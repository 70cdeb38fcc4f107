import { GCProfiler } from "node:v8"
import { type MeasuredDecoder, measuredDecoders } from "./measured-decoders.ts"
import type { Input } from "./target.ts"

/** What a decoder takes from the heap for inputs of the greatest length. */
export interface Allocation {
  readonly decoder: string
  readonly limitBytes: number
  /**
   * What the hungriest input took, garbage counted, beyond twice what it takes to build the values that were let in: they are built once
   * and looked at once.
   */
  readonly mostBytes: number
  readonly input: Input
  /** What the hungriest input took in all, those values included. */
  readonly wholeBytes: number
}

/** A decoder may take so many times the length that it lets in. */
export const MOST_TIMES_THE_LIMIT = 4
const MEASUREMENTS = 3
const RUNS = 8

/** Measures so many large inputs of a seed, and hand-made bombs. */
export async function measureAllocations(seed: string, samples: number): Promise<readonly Allocation[]> {
  const allocations: Allocation[] = []
  for (const decoder of measuredDecoders(seed, samples)) allocations.push(await worstOf(decoder))
  return allocations
}

async function worstOf({ name, limitBytes, inputs, decode, build }: MeasuredDecoder): Promise<Allocation> {
  let worst: Allocation = { decoder: name, limitBytes, mostBytes: 0, input: "", wholeBytes: 0 }
  for (const input of inputs) {
    const wholeBytes = await taken(() => decode(input))
    worst = { ...worst, wholeBytes: Math.max(worst.wholeBytes, wholeBytes) }
    if (wholeBytes <= worst.mostBytes) continue
    const own = wholeBytes - 2 * (await taken(build(input)))
    if (own > worst.mostBytes) worst = { ...worst, mostBytes: own, input }
  }
  return worst
}

/** Bytes that one run takes from the heap: of many runs in a row, as the least of several measurements, since compiling takes some too. */
async function taken(action: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let left = MEASUREMENTS; left > 0; left--) {
    const profiler = new GCProfiler()
    profiler.start()
    const before = process.memoryUsage().heapUsed
    for (let run = 0; run < RUNS; run++) {
      const pending = action()
      if (pending instanceof Promise) await pending
    }
    const grown = process.memoryUsage().heapUsed - before
    const collected = profiler.stop().statistics.reduce((sum, { beforeGC, afterGC }) => sum + usedIn(beforeGC) - usedIn(afterGC), 0)
    least = Math.min(least, (grown + collected) / RUNS)
  }
  return Math.max(0, Math.round(least))
}

function usedIn({ heapStatistics }: { readonly heapStatistics: { readonly usedHeapSize: number } }): number {
  return heapStatistics.usedHeapSize
}
