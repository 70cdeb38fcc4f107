import { memorySnapshots, type SnapshotStore } from "@magpie/journal"
import { describe, expect, test } from "vitest"
import { datas, message, type SharedLogBed } from "./shared-log-bed.ts"
import { bedOfTest } from "./shared-log-nodes.ts"

const MESSAGES = 60
const EVERY = 20
/** More than there are in one round of snapshots; the last ones find nothing under way. */
const STEPS = 16

/** A store whose user stands still before its `step`th step, for ever, and says so. */
function standingStill(kept: SnapshotStore, step: number): { readonly store: SnapshotStore; readonly state: { reached: boolean } } {
  const state = { reached: false }
  let steps = 0
  async function pass(): Promise<void> {
    if (++steps < step) return
    state.reached = true
    await new Promise(() => {})
  }
  async function* watched(chunks: Parameters<SnapshotStore["put"]>[0]["chunks"]): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await pass()
      yield chunk
    }
  }
  const store: SnapshotStore = {
    async put(snapshot) {
      await pass()
      await kept.put({ ...snapshot, chunks: watched(snapshot.chunks) })
      await pass()
    },
    async newest(partition, before) {
      const found = await kept.newest(partition, before)
      await pass()
      return found
    },
    async remove(partition, before) {
      await pass()
      await kept.remove(partition, before)
      await pass()
    },
  }
  return { store, state }
}

async function publish(bed: SharedLogBed, node: string, from: number, to: number): Promise<void> {
  for (let data = from; data <= to; data++) await bed.settled(bed.log(node).publish(message(data)))
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1)

/** A log that was compacted before; then a node with its disk full of what it knows, which does not reach the end of the next time. */
async function begin(step: number) {
  const bed = bedOfTest()
  const kept = memorySnapshots()
  await bed.start("a", { snapshots: kept, snapshotEvery: EVERY })
  await publish(bed, "a", 1, MESSAGES)
  await bed.stop("a")
  const { store, state } = standingStill(kept, step)
  await bed.start("a", { snapshots: store, snapshotEvery: EVERY })
  await publish(bed, "a", MESSAGES + 1, 2 * MESSAGES)
  return { bed, kept, state }
}

describe("a node that ends in the middle of compacting the log", () => {
  for (const way of ["stop", "crash"] as const) {
    test(`[F88] by a ${way}, at any of the steps, leaves a disk that opens and a log from which a new node comes to the same`, async () => {
      let middles = 0
      for (let step = 1; step <= STEPS; step++) {
        const { bed, kept, state } = await begin(step)
        if (state.reached) middles++
        void bed
          .log("a")
          .publish(message("last"))
          .catch(() => {})
        const before = bed.env.clock.now()
        if (way === "stop") await bed.stop("a")
        else bed.crash("a")
        expect(bed.env.clock.now() - before).toBeLessThan(10_000)
        await bed.start("a", { snapshots: kept, snapshotEvery: EVERY })
        await bed.start("fresh", { snapshots: kept, snapshotEvery: EVERY })
        await publish(bed, "a", 2 * MESSAGES + 1, 2 * MESSAGES + 2)
        await bed.agreed()
        const all = datas(bed.log("a"))
        expect(all.filter((data) => data !== "last")).toEqual(numbers(2 * MESSAGES + 2))
        // It was taken before the node stopped, or may be gone with it.
        expect(all.length).toBeGreaterThanOrEqual(2 * MESSAGES + (way === "stop" ? 3 : 2))
        expect(datas(bed.log("fresh"))).toEqual(all)
      }
      expect(middles).toBeGreaterThan(6)
    })
  }
})
