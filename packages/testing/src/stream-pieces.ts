import type { Clock, Timer } from "@magpie/protocol"

export interface StreamPiecesOptions {
  readonly clock: Clock
  /** In [0, 1). Where it is undefined, what was written at once is read at once. */
  readonly draw: (() => number) | undefined
  readonly onText: (text: string) => void
}

/** What a reader makes of a body: the bytes are those that were written, the pieces are the network's. */
export interface StreamPieces {
  push(text: string): void
  /** Reads what is left, now. */
  end(): void
  /** What was not read is gone. */
  drop(): void
}

/** After so many reads of a part everything that is there is read, or long bodies would take for ever. */
const PARTS_IN_A_ROW = 8
const LONGEST_WAIT_MS = 3

const WHOLE_SHARE = 0.4
const SINGLE_BYTE_SHARE = 0.3
const AT_ONCE_SHARE = 0.5

/**
 * Cuts a body anywhere, in the middle of a character too, down to single bytes, and joins what arrives while it waits, as
 * TCP and proxies do. Order is kept.
 */
export function createStreamPieces({ clock, draw, onText }: StreamPiecesOptions): StreamPieces {
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  let unread = new Uint8Array(0)
  let parts = 0
  let timer: Timer | undefined

  function sizeOf(next: () => number): number {
    const kind = next()
    if (parts >= PARTS_IN_A_ROW || kind < WHOLE_SHARE) return unread.length
    return kind < WHOLE_SHARE + SINGLE_BYTE_SHARE ? 1 : 1 + Math.floor(next() * unread.length)
  }

  function read(next: () => number): void {
    const size = Math.min(sizeOf(next), unread.length)
    const text = decoder.decode(unread.subarray(0, size), { stream: true })
    unread = unread.subarray(size)
    parts = unread.length === 0 ? 0 : parts + 1
    if (text !== "") onText(text)
  }

  function wait(next: () => number): void {
    timer ??= clock.setTimer(next() * LONGEST_WAIT_MS, () => {
      timer = undefined
      readOn(next)
    })
  }

  function readOn(next: () => number): void {
    while (unread.length > 0) {
      if (next() >= AT_ONCE_SHARE) return wait(next)
      read(next)
    }
  }

  function drop(): void {
    timer?.cancel()
    timer = undefined
    unread = new Uint8Array(0)
  }

  return {
    push(text) {
      if (draw === undefined) return onText(text)
      const bytes = encoder.encode(text)
      const joined = new Uint8Array(unread.length + bytes.length)
      joined.set(unread)
      joined.set(bytes, unread.length)
      unread = joined
      if (timer === undefined) readOn(draw)
    },
    end() {
      while (draw !== undefined && unread.length > 0) read(draw)
      drop()
    },
    drop,
  }
}
