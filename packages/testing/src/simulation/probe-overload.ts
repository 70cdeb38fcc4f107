import { Violation } from "./judge/violation.ts"
import type { World } from "./world.ts"

/** From which broadcasts are shed, and not yet whoever comes. */
const LAG_MS = 300
const BEGINS_WITHIN_MS = 1_500
/** Two things are shed, and each comes back after two seconds of calm. */
const ENDS_WITHIN_MS = 6_000
const ARRIVES_WITHIN_MS = 1_000

/**
 * When nothing else is wrong, servers that lag shed broadcasts, and tell everybody how many before they give any newer one.
 * `run` lets so much time pass.
 */
export async function probeOverload({ lags, nodes, clients, judge }: World, run: (ms: number) => Promise<void>): Promise<void> {
  const told = (): number => judge.sometimes.get("broadcasts-skipped") ?? 0
  const before = told()
  const beat = (): void => {
    for (const client of clients) client.beat()
  }
  beat()
  await run(ARRIVES_WITHIN_MS)
  for (const index of nodes.keys()) lags.set(index, LAG_MS)
  await run(BEGINS_WITHIN_MS)
  beat()
  await run(ARRIVES_WITHIN_MS)
  lags.clear()
  await run(ENDS_WITHIN_MS)
  beat()
  await run(ARRIVES_WITHIN_MS)
  if (told() === before) throw new Violation("I18", "broadcasts were shed, and nobody was told of one that was skipped")
}
