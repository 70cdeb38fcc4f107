import { expect, onTestFinished } from "vitest"
import { type SharedLogBed, sharedLogBed } from "./shared-log-bed.ts"

/** A bed that lasts as long as the test, after which nothing may be left of it [G12]. */
export function bedOfTest(...options: Parameters<typeof sharedLogBed>): SharedLogBed {
  const bed = sharedLogBed(...options)
  onTestFinished(async () => {
    await bed.close()
    expect(bed.env.clock.pendingTimers).toBe(0)
  })
  return bed
}

/** Nodes of those names over one log, for as long as the test lasts. */
export async function nodes(...names: string[]): Promise<SharedLogBed> {
  const bed = bedOfTest()
  for (const name of names) await bed.start(name)
  return bed
}
