import { followQueue } from "../../apps/support/src/desk/queue-log.ts"
import { EMPTY_QUEUE, type Queue } from "../../apps/support/src/queue.ts"
import type { SupportBed } from "./support-bed.ts"

/** One agent's desk, as far as the queue goes. */
export async function openDesk(bed: SupportBed, id: "mei" | "ben") {
  let queue: Queue | undefined
  const client = bed.agent(id)
  const log = followQueue({
    client,
    me: id,
    onQueue(next) {
      queue = next
    },
    onLoading() {},
    onAsked() {},
    onRefused(error) {
      throw error
    },
  })
  await bed.clock.until(() => queue !== undefined)
  return { client, log, queue: () => queue ?? EMPTY_QUEUE }
}
