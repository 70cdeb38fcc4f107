import { MagpieError } from "@magpie/protocol"
import type { Lane, Lanes } from "./lanes.ts"

/** Clients under one name at the same time. */
const MAX_LANES = 16
/** How often one looks again for what others seem to hold. */
const MAX_TRIES = 4

/**
 * A lane of one's own: before an empty one, one in which somebody left rows under such keys. One that is held may be that of a
 * page which is just going, so it is tried again after each `pause`, if there is one. Fails with LIMIT_EXCEEDED where all are held.
 */
export async function openLane(lanes: Lanes, keys: string, pause?: () => Promise<void>): Promise<Lane> {
  let left = await lanes.list(keys)
  for (let tries = 1; ; tries++) {
    for (const number of left) {
      const lane = await lanes.open(number)
      if (lane) return lane
    }
    if (left.length === 0 || pause === undefined || tries === MAX_TRIES) break
    await pause()
    left = await lanes.list(keys)
  }
  for (let number = 0; number < MAX_LANES; number++) {
    const lane = await lanes.open(number)
    if (lane) return lane
  }
  throw new MagpieError("LIMIT_EXCEEDED", `${MAX_LANES} clients hold this name already`, { details: { limit: "lanes", value: MAX_LANES } })
}
