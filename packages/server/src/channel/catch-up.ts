import type { Clock } from "@magpie/protocol"

/** Somebody who reads from the log until it is level with it. */
export interface Reader {
  /** Reads one page; true when there is more to read and room for it. */
  readPage(): boolean
}

/**
 * Serves readers in turns, a few pages at a time, so that a storm of resumes never holds the event loop. A reader whose own
 * queue has no room for a page waits for that elsewhere; who reads what he is given is never kept waiting by who does not [F78].
 */
export interface CatchUp {
  add(reader: Reader): void
  remove(reader: Reader): void
}

/** A page of the log for one who catches up. */
export const PAGE = { maxCount: 256, maxBytes: 65_536 }
const PAGES_PER_TURN = 16

export function createCatchUp(clock: Clock): CatchUp {
  const readers = new Set<Reader>()
  let scheduled = false

  function schedule(): void {
    if (scheduled || readers.size === 0) return
    scheduled = true
    clock.defer(serve)
  }

  function serve(): void {
    scheduled = false
    let pages = 0
    for (const reader of readers) {
      if (pages++ === PAGES_PER_TURN) break
      readers.delete(reader)
      if (reader.readPage()) readers.add(reader)
    }
    schedule()
  }

  return {
    add(reader) {
      readers.add(reader)
      schedule()
    },
    remove: (reader) => void readers.delete(reader),
  }
}
