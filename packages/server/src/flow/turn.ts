import type { Clock } from "@magpie/protocol"
import { type Gatherer, Line } from "./line.ts"

/** A channel's messages, which are handed to its receivers a few at a time. */
export interface ChannelGatherer {
  /**
   * Hands what was gathered to at most `count` receivers, and returns to how many: fewer than `count` when everybody has
   * everything. When no other channel has any (`alone`), it need not be gathered a second time by connection.
   */
  give(count: number, alone: boolean): number
}

/**
 * Gathers what is sent, and sends it at the end of the turn of the event loop: first what answers somebody, then what channels
 * hand out, one write for each connection. It stops after a slice of time and goes on in the next turn, so that however much
 * there is, sockets are read and timers fire in between [F83].
 */
export interface Turn {
  /** A channel has something to hand out. All that have any come by turns. */
  channel(channel: ChannelGatherer): void
  /** A connection has an answer to send, which goes ahead of what channels hand out. */
  answer(connection: Gatherer): void
  /** A connection was handed something. */
  connection(connection: Gatherer): void
  /** Hands out one channel's messages now, for one slice, because it has gathered too much. */
  rush(channel: ChannelGatherer): void
}

/** Something is sent in about a microsecond, so that a slice is looked at often enough and the clock costs nothing. */
const STEP = 16

export function createTurn(clock: Clock, sliceMs: number): Turn {
  const channels = new Set<ChannelGatherer>()
  const answers = new Line(STEP)
  const connections = new Line(STEP)
  let scheduled = false

  function over(ms: number, startedMs = clock.monotonic()): () => boolean {
    return () => clock.monotonic() - startedMs >= ms
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    clock.defer(slice)
  }

  function slice(): void {
    scheduled = false
    const startedMs = clock.monotonic()
    const isOver = over(sliceMs, startedMs)
    // Half of it is kept for the others, however many wait for answers.
    answers.flush(over(sliceMs / 2, startedMs))
    if (connections.flush(isOver) && serve(isOver)) connections.flush(isOver)
    if (channels.size > 0 || !answers.isEmpty || !connections.isEmpty) schedule()
  }

  /** Lets channels hand out by turns, until time is over. True when nothing is left. */
  function serve(isOver: () => boolean): boolean {
    let left = STEP
    for (const channel of channels) {
      let given: number
      do {
        given = channel.give(left, channels.size === 1)
        if (given < left) {
          channels.delete(channel)
          left -= given
          break
        }
        left = STEP
        if (channels.size > 1) {
          // Behind the others, where this loop comes to it again.
          channels.delete(channel)
          channels.add(channel)
        }
        if (isOver()) return false
      } while (channels.size === 1)
    }
    return true
  }

  return {
    channel(channel) {
      channels.add(channel)
      schedule()
    },
    answer(connection) {
      answers.add(connection)
      schedule()
    },
    connection(connection) {
      connections.add(connection)
      schedule()
    },
    rush(channel) {
      const isOver = over(sliceMs)
      while (channel.give(STEP, false) === STEP && !isOver());
    },
  }
}
