import type { Changes, Lane } from "./lanes.ts"

/** Writes to a lane, what comes while it writes all at once behind that. */
export interface LaneWriter {
  /** Whether something is on its way to the lane. */
  readonly busy: boolean
  /** Resolves when the changes are durable. All changes of one turn become durable together. Fails as the lane does; what failed is written again with what comes next. */
  write(changes: Changes): Promise<void>
  /** Resolves when nothing is on its way any more, however that ended. */
  settled(): Promise<void>
}

export function createLaneWriter(lane: Lane): LaneWriter {
  let gathered = new Map<string, unknown>()
  let next: Promise<void> | undefined
  let last: Promise<void> = Promise.resolve()
  let writing = 0

  async function flush(): Promise<void> {
    const changes = gathered
    gathered = new Map()
    next = undefined
    writing++
    try {
      await lane.write(changes)
    } catch (thrown) {
      gathered = new Map([...changes, ...gathered])
      throw thrown
    } finally {
      writing--
    }
  }

  return {
    get busy() {
      return next !== undefined || writing > 0
    },
    write(changes) {
      for (const [key, value] of changes) gathered.set(key, value)
      next ??= last.then(flush)
      last = next.catch(() => {})
      return next
    },
    settled: () => last,
  }
}
