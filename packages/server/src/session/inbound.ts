/**
 * One connection's messages, handled one after the other: while the decision about one is awaited, the next ones wait, so
 * that a publisher's own order stands [G3].
 */
export interface Inbound {
  readonly waiting: number
  readonly busy: boolean
  push(value: unknown): void
  /** Keeps everything waiting until `pending` has settled. */
  hold(pending: Promise<void>): void
  /** Handles what waits, as far as it may. Called again when something that held it back has passed. */
  pump(): void
  clear(): void
}

export interface InboundOptions {
  /** May return a promise; the next value waits for it. Never rejects. */
  readonly handle: (value: unknown) => void | Promise<void>
  /** Whether the next value may be handled now. */
  readonly ready: () => boolean
  /** Called when what was awaited has settled and the queue has moved on. */
  readonly onMoved: () => void
}

export function createInbound({ handle, ready, onMoved }: InboundOptions): Inbound {
  let queue: unknown[] = []
  let next = 0
  let busy = false

  function hold(pending: Promise<void>): void {
    busy = true
    void pending.then(() => {
      busy = false
      pump()
      onMoved()
    })
  }

  function pump(): void {
    while (!busy && next < queue.length && ready()) {
      const value = queue[next]
      queue[next++] = undefined
      const pending = handle(value)
      if (pending !== undefined) hold(pending)
    }
    if (next === queue.length && next > 0) {
      queue = []
      next = 0
    }
  }

  return {
    get waiting() {
      return queue.length - next
    },
    get busy() {
      return busy
    },
    push(value) {
      queue.push(value)
    },
    hold,
    pump,
    clear() {
      queue = []
      next = 0
    },
  }
}
