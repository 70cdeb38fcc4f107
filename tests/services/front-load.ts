import { expect } from "vitest"
import { sleep } from "../chaos/wait.ts"
import { until } from "./journal-bed.ts"
import type { Talker } from "./server-bed.ts"

/** Somebody who talks until told to stop. */
export interface Load {
  /** What was acknowledged, in the order of sending. */
  readonly acknowledged: readonly string[]
  stop(): Promise<void>
}

/** Sends that are under way at once. */
const AT_ONCE = 2
/** Between two rounds; a busy machine only makes it talk less. */
const ROUND_MS = 50

export function keepTalking({ say }: Talker, name: string): Load {
  const acknowledged: string[] = []
  let talks = true

  async function talk(): Promise<void> {
    for (let round = 0; talks; round++) {
      const texts = Array.from({ length: AT_ONCE }, (_, index) => `${name} ${round * AT_ONCE + index}`)
      await Promise.all(texts.map(say))
      acknowledged.push(...texts)
      await sleep(ROUND_MS)
    }
  }
  const ended = talk()
  // Whoever stops it learns of its failure.
  ended.catch(() => {})
  return {
    acknowledged,
    stop() {
      talks = false
      return ended
    },
  }
}

export const acknowledgedBy = (loads: readonly Load[]): number => loads.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)

/** Stops the talking and waits until everybody has heard as much as was acknowledged; more would be found below. */
export async function endOf(loads: readonly Load[], listeners: readonly Talker[]): Promise<void> {
  await Promise.all(loads.map((load) => load.stop()))
  await until(() => listeners.every(({ heard }) => heard.length >= acknowledgedBy(loads)), "the last message")
}

/** Every acknowledged text once, in one order for all, which is each talker's own, without a gap and without a close. */
export function expectNothingNoticed(listeners: readonly Talker[], loads: readonly Load[]): void {
  const said = loads.flatMap(({ acknowledged }) => acknowledged)
  const order = listeners[0]?.heard ?? []
  expect([...order].sort()).toEqual([...said].sort())
  for (const { acknowledged } of loads) {
    const own = new Set(acknowledged)
    expect(order.filter((text) => own.has(text))).toEqual(acknowledged)
  }
  const first = listeners[0]?.offsets[0] ?? 0
  for (const { heard, offsets, gaps, states } of listeners) {
    expect(heard).toEqual(order)
    expect(offsets).toEqual(order.map((_, index) => first + index))
    expect(gaps).toEqual([])
    expect(states).not.toContain("closed")
  }
}
