import { DEFAULT_LIMITS, jsonServerCodec } from "@magpie/protocol"
import { fakeClock } from "@magpie/testing"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Batch, createBatch } from "../flow/batch.ts"
import { QueueBudget } from "../flow/queue-budget.ts"
import { createCounters } from "../metrics/counters.ts"
import type { Held } from "./backlog.ts"
import { SendQueue } from "./send-queue.ts"

const CAP = DEFAULT_LIMITS.queuedBytes

/** A queue over a socket whose network takes bytes only when it is told to. */
function setUp() {
  const clock = fakeClock()
  const queues: SendQueue[] = []
  const budget = new QueueBudget({ limits: DEFAULT_LIMITS, clock, queues: () => queues })
  const socket = {
    queuedBytes: 0,
    send(batches: readonly Batch[]) {
      for (const { buffer } of batches) socket.queuedBytes += buffer.length
    },
    ping() {},
    pause() {},
    resume() {},
    close() {},
    terminate() {},
  }
  const owner = { codec: jsonServerCodec, pendingPublishes: 0, cut() {} }
  const queue = new SendQueue(socket, false, { limits: DEFAULT_LIMITS, budget, counters: createCounters() }, owner)
  queues.push(queue)
  const sent: number[] = []
  const skipped: number[] = []
  const hold = (id: number, bytes: number): boolean => {
    const held: Held = {
      key: undefined,
      batches: [batchOf(bytes)],
      bytes: bytes + 10,
      count: 1,
      owner: {
        give({ batches: [batch] }) {
          sent.push(id)
          if (batch) queue.addBatch(batch)
        },
        onDropped: () => void skipped.push(id),
      },
    }
    return queue.hold(held)
  }
  /** The network takes so many bytes. */
  const take = (bytes: number): void => {
    socket.queuedBytes = Math.max(0, socket.queuedBytes - bytes)
    if (socket.queuedBytes === 0) queue.drained()
  }
  return { clock, queue, budget, socket, owner, hold, take, sent, skipped }
}

const batchOf = (bytes: number): Batch => createBatch("x".repeat(bytes), 1)

describe("what a connection holds", () => {
  it("[F77][G6] never passes queuedBytes, whatever is asked of it in whatever order", () => {
    const bytes = fc.integer({ min: 1, max: 90_000 })
    const step = fc.oneof(
      fc.record({ do: fc.constant("publish" as const) }),
      fc.record({ do: fc.constant("receipt" as const) }),
      fc.record({ do: fc.constant("ask" as const), bytes: fc.integer({ min: 1, max: 1_000 }) }),
      fc.record({ do: fc.constant("stream" as const), bytes }),
      fc.record({ do: fc.constant("broadcast" as const), bytes }),
      fc.record({ do: fc.constant("flush" as const) }),
      fc.record({ do: fc.constant("take" as const), bytes: fc.integer({ min: 1, max: 300_000 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { queue, owner, hold, take, sent, skipped } = setUp()
        let broadcasts = 0
        let refused = 0
        for (const one of steps) {
          if (one.do === "publish" && queue.hasRoomForAnswer()) owner.pendingPublishes += 1
          if (one.do === "receipt" && owner.pendingPublishes > 0) {
            owner.pendingPublishes -= 1
            queue.add("x".repeat(180))
          }
          if (one.do === "ask" && queue.hasRoomForAnswer()) queue.add("x".repeat(one.bytes))
          if (one.do === "stream" && queue.hasRoom(one.bytes + 10)) queue.addBatch(batchOf(one.bytes))
          if (one.do === "broadcast") {
            const id = broadcasts++
            if (queue.takesAtOnce(one.bytes + 10)) queue.addBatch(batchOf(one.bytes))
            else if (!hold(id, one.bytes)) refused++
          }
          if (one.do === "flush") queue.flush()
          if (one.do === "take") take(one.bytes)
          expect(queue.bytes).toBeLessThanOrEqual(CAP)
        }
        expect(sent).toEqual([...sent].sort((a, b) => a - b))
        expect(skipped.length + refused).toBeLessThanOrEqual(broadcasts)
      }),
      { numRuns: 300 },
    )
  })

  it("[G6] keeps room for the acknowledgements that it owes, and for the answer to what is asked next", () => {
    const { queue, owner } = setUp()
    while (queue.hasRoomForAnswer() && owner.pendingPublishes < 1_024) owner.pendingPublishes += 1
    while (queue.hasRoom(1_010)) queue.addBatch(batchOf(1_000))
    expect(queue.hasRoomForAnswer()).toBe(false)
    for (; owner.pendingPublishes > 0; owner.pendingPublishes--) queue.add("x".repeat(180))
    expect(queue.bytes).toBeLessThanOrEqual(CAP)
    const second = setUp()
    while (second.queue.hasRoom(10)) second.queue.addBatch(batchOf(0))
    expect(second.queue.hasRoomForAnswer()).toBe(false)
  })

  it("[G6] is one message where that is larger than queuedBytes, and no second one", () => {
    const { queue, take } = setUp()
    expect(queue.hasRoom(1_000_000)).toBe(true)
    queue.addBatch(batchOf(1_000_000))
    queue.flush()
    expect([queue.hasRoom(1), queue.takesAtOnce(1), queue.hasRoomForAnswer()]).toEqual([false, false, false])
    take(1_000_000)
    take(100)
    expect(queue.hasRoom(1_000_000)).toBe(true)
  })

  it("[F78] reads for one that holds nothing, however much others hold: its share, or one message", () => {
    const { queue, budget } = setUp()
    const others = { counted: 0, recount() {}, cut() {} }
    const { queuedBytesTotal } = DEFAULT_LIMITS
    expect(queue.roomForPage(65_536)).toBe(65_536)
    budget.count(others, queuedBytesTotal - 64 * 20_000)
    expect(queue.roomForPage(65_536)).toBe(20_000)
    budget.count(others, queuedBytesTotal)
    expect(queue.roomForPage(65_536)).toBe(1)
    queue.addBatch(batchOf(100))
    queue.flush()
    expect(queue.roomForPage(65_536)).toBe(0)
    budget.count(others, 0)
    expect(queue.roomForPage(65_536)).toBe(65_536)
  })

  it("[F77] keeps the newest of what broadcasts hold, drops the oldest first, and gives them in order", () => {
    const { queue, hold, take, sent, skipped } = setUp()
    queue.addBatch(batchOf(100_000))
    queue.flush()
    for (let id = 0; id < 20; id++) expect(hold(id, 20_000)).toBe(true)
    expect(skipped).toEqual(Array.from({ length: 20 - 8 }, (_, id) => id))
    take(100_010)
    expect(sent).toEqual([12, 13, 14, 15, 16, 17])
    queue.flush()
    take(1_000_000)
    expect(sent).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
  })

  it("[F77] drops nothing for what could not be held anyway", () => {
    const { queue, hold, skipped } = setUp()
    queue.addBatch(batchOf(100_000))
    hold(0, 50_000)
    expect([hold(1, 200_000), skipped]).toEqual([false, []])
  })

  it("is passed on early within a turn where that makes room, because the network may take it", () => {
    const { queue, take, socket } = setUp()
    queue.addBatch(batchOf(90_000))
    queue.addBatch(batchOf(90_000))
    expect([queue.hasRoom(90_000), socket.queuedBytes]).toEqual([false, 180_020])
    take(1_000_000)
    expect(queue.hasRoom(90_000)).toBe(true)
  })

  it("[G12] lets go of everybody who waits when the connection ends", async () => {
    const { queue } = setUp()
    queue.addBatch(batchOf(100))
    queue.flush()
    const waiting = queue.nextRoom()
    queue.end()
    await waiting
    queue.release()
    expect([queue.counted, queue.isAwaited]).toEqual([0, false])
  })
})
