import { fakeClock, seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { type CountedQueue, QueueBudget } from "./queue-budget.ts"

const limits = { queuedBytes: 1_000, queuedBytesTotal: 64_000 }

function setUp() {
  const clock = fakeClock()
  const queues: Queue[] = []
  const budget = new QueueBudget({ limits, clock, queues: () => queues })
  const open = (bytes = 0): Queue => {
    const queue = new Queue(budget, queues)
    queues.push(queue)
    queue.hold(bytes)
    return queue
  }
  return { clock, budget, queues, open }
}

class Queue implements CountedQueue {
  counted = 0
  bytes = 0
  isCut = false
  readonly #budget: QueueBudget
  readonly #all: Queue[]

  constructor(budget: QueueBudget, all: Queue[]) {
    this.#budget = budget
    this.#all = all
  }

  hold(bytes: number): void {
    this.bytes = bytes
    this.recount()
  }

  recount(): void {
    this.#budget.count(this, this.bytes)
  }

  cut(): void {
    this.isCut = true
    this.#all.splice(this.#all.indexOf(this), 1)
    this.hold(0)
  }
}

describe("the budget of all queues", () => {
  it("[G6] leaves each queue its whole length while there is enough for all", () => {
    const { budget, open } = setUp()
    expect(budget.share).toBe(1_000)
    open(900)
    expect([budget.total, budget.share]).toEqual([900, (64_000 - 900) / 64])
  })

  it("[F78] is never passed by a thousand that read nothing, and all of them hold the same", () => {
    const { budget, open } = setUp()
    const stalled = Array.from({ length: 1_000 }, () => open())
    for (let round = 0; round < 200; round++) {
      for (const queue of stalled) if (queue.bytes + 7 <= budget.share) queue.hold(queue.bytes + 7)
      expect(budget.total).toBeLessThanOrEqual(64_000)
    }
    const held = stalled.map(({ bytes }) => bytes)
    expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(7)
    expect(budget.total).toBeGreaterThan(50_000)
    expect(stalled.some(({ isCut }) => isCut)).toBe(false)
    expect(budget.share).toBeGreaterThan(0)
  })

  it("[F78] cuts the longest where they do not suffice, in the same turn and only as many as it must", async () => {
    const { clock, budget, open } = setUp()
    const [short, long] = [Array.from({ length: 40 }, () => open(500)), Array.from({ length: 50 }, () => open(1_000))]
    await clock.settle()
    expect(budget.total).toBeLessThanOrEqual(64_000)
    expect(short.some(({ isCut }) => isCut)).toBe(false)
    expect(long.filter(({ isCut }) => isCut)).toHaveLength(14)
  })

  it("looks again before it cuts: what has been read meanwhile is not held any more", async () => {
    const { clock, budget, open } = setUp()
    const queues = Array.from({ length: 65 }, () => open(1_000))
    for (const queue of queues) queue.bytes = 10
    await clock.settle()
    expect([queues.some(({ isCut }) => isCut), budget.total]).toEqual([false, 650])
  })

  it("[F81] is a quarter while memory is scarce, and whole again afterwards", async () => {
    const { clock, budget, open } = setUp()
    for (let index = 0; index < 40; index++) open(1_000)
    budget.setScarce(true)
    await clock.settle()
    expect(budget.total).toBeLessThanOrEqual(16_000)
    expect(budget.total).toBeGreaterThan(10_000)
    budget.setScarce(false)
    expect(budget.share).toBeGreaterThan(700)
  })

  it("counts right over any order of growing, shrinking and ending", () => {
    const { budget, queues, open } = setUp()
    const random = seededRandom(7)
    for (let step = 0; step < 5_000; step++) {
      const queue = queues[Math.floor(random.float() * queues.length)]
      const dice = random.float()
      if (queue === undefined || dice < 0.1) open()
      else if (dice < 0.2) queue.cut()
      else queue.hold(Math.floor(random.float() * 100))
      expect(budget.total).toBe(queues.reduce((sum, { bytes }) => sum + bytes, 0))
    }
  })
})
