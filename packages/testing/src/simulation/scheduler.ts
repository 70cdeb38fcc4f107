import type { Clock, Timer } from "@magpie/protocol"
import type { SeededRandom } from "../seeded-random.ts"
import { turnEnd } from "./turn-end.ts"

/** One clock and one queue of events for everybody in a simulation. Time stands still between events. */
export interface Scheduler {
  /** Events that have run. */
  readonly steps: number
  /** Events that are planned and not called off. */
  readonly pending: number
  /** Whose they are. */
  readonly owners: ReadonlySet<string>
  readonly monotonicMs: number
  /** The clock of one owner. Events of one owner and moment keep their order; between owners the seed decides. */
  clock(owner: string): Clock
  /** Runs events until that moment or until `done` holds, each with everything that it sets off. */
  run(untilMs: number, done?: () => boolean): Promise<void>
}

/** 2026-01-01T00:00:00Z */
const START_MS = 1_767_225_600_000

interface Event {
  readonly owner: string
  readonly at: number
  readonly tie: number
  readonly order: number
  readonly fire: () => void
  cancelled: boolean
}

const isBefore = (a: Event, b: Event): boolean =>
  a.at < b.at || (a.at === b.at && (a.tie < b.tie || (a.tie === b.tie && a.order < b.order)))

export function createScheduler(random: SeededRandom): Scheduler {
  const heap: Event[] = []
  const salt = random.integer(0, 0x7fffffff)
  let deferred: (() => void)[] = []
  let now = 0
  let order = 0
  let steps = 0
  let cancelled = 0

  function push(event: Event): void {
    heap.push(event)
    for (let index = heap.length - 1; index > 0; ) {
      const parent = (index - 1) >> 1
      if (!swapIfBefore(index, parent)) return
      index = parent
    }
  }

  function swapIfBefore(lower: number, upper: number): boolean {
    const [a, b] = [heap[lower], heap[upper]]
    if (a === undefined || b === undefined || !isBefore(a, b)) return false
    heap[upper] = a
    heap[lower] = b
    return true
  }

  function pop(): Event | undefined {
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let index = 0; ; ) {
      const left = index * 2 + 1
      const right = left + 1
      const [a, b] = [heap[left], heap[right]]
      const child = a !== undefined && b !== undefined && isBefore(b, a) ? right : left
      if (!swapIfBefore(child, index)) return first
      index = child
    }
  }

  /** Promises first, then what was deferred to the turn's end, until neither is left. */
  async function settle(): Promise<void> {
    await turnEnd()
    while (deferred.length > 0) {
      const tasks = deferred
      deferred = []
      for (const task of tasks) task()
      await turnEnd()
    }
  }

  function clock(owner: string): Clock {
    const ownSalt = mix(salt, hashText(owner))
    return {
      now: () => START_MS + Math.floor(now),
      monotonic: () => now,
      setTimer(delayMs, fire): Timer {
        const at = now + Math.max(0, delayMs)
        const event: Event = { owner, at, tie: mix(ownSalt, Math.floor(at * 1_000)), order: order++, fire, cancelled: false }
        push(event)
        return {
          cancel() {
            if (!event.cancelled) cancelled++
            event.cancelled = true
          },
        }
      },
      defer: (task) => void deferred.push(task),
    }
  }

  return {
    get steps() {
      return steps
    },
    get pending() {
      return heap.length - cancelled
    },
    get owners() {
      return new Set(heap.filter((event) => !event.cancelled).map(({ owner }) => owner))
    },
    get monotonicMs() {
      return now
    },
    clock,
    async run(untilMs, done = () => false) {
      await settle()
      while (!done()) {
        const next = heap[0]
        if (next === undefined || next.at > untilMs) {
          now = Math.max(now, untilMs)
          return
        }
        pop()
        if (next.cancelled) {
          cancelled--
          continue
        }
        // Its timer can no longer be cancelled.
        next.cancelled = true
        now = Math.max(now, next.at)
        steps++
        next.fire()
        await settle()
      }
    },
  }
}

function mix(a: number, b: number): number {
  const once = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b)
  return (once ^ (once >>> 13)) >>> 0
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
