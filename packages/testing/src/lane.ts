import type { Encoded, Env, Timer } from "@magpie/protocol"

export interface LaneOptions {
  readonly env: Env
  readonly latencyMs: () => number
  /** Nothing passes for now, not even a reset; what is sent waits, as TCP keeps it. */
  readonly cutOff: () => boolean
  /** The receiver takes nothing for now; what is sent waits. */
  readonly held: () => boolean
  /** This one frame gets lost. */
  readonly lost: (frame: Encoded) => boolean
}

/** One direction of a link: frames and what belongs between them, in order, until its end. */
export interface Lane {
  readonly heldBytes: number
  /** `bytes`: what it counts for while it waits. */
  send(frame: Encoded, bytes?: number): void
  ping(): void
  /** Runs a step of the link's life in its place among the frames. */
  run(step: () => void): void
  /** The last thing on this lane. */
  end(code: number, reason: string): void
  /** Ends at once; what was on its way is gone. */
  abort(code: number): void
  /** Ends as the sender's reset does: at once, unless nothing passes. */
  sever(code: number): void
  abortAfter(delayMs: number, code: number): void
  pause(on: boolean): void
  /** Delivers what was held. */
  release(): void
  onFrame(listener: (frame: Encoded) => void): void
  onPing(listener: () => void): void
  onEnd(listener: (code: number, reason: string) => void): void
  onDrained(listener: () => void): void
}

interface Item {
  readonly bytes: number
  readonly arrive: () => void
}

export function createLane({ env, latencyMs, cutOff, held, lost }: LaneOptions): Lane {
  /** On its way, and arrived without being taken yet. */
  let travelling: Item[] = []
  let travellingBytes = 0
  let waiting: Item[] = []
  let waitingBytes = 0
  let paused = false
  let ended = false
  let timeout: Timer | undefined
  let lastArrivalMs = 0
  let frame = (_frame: Encoded): void => {}
  let pinged = (): void => {}
  let end = (_code: number, _reason: string): void => {}
  let drained = (): void => {}

  /** Later items never overtake earlier ones, also when the latency shrinks in between. */
  function travel(item: Item): void {
    const arrivalMs = Math.max(lastArrivalMs, env.clock.monotonic() + latencyMs())
    lastArrivalMs = arrivalMs
    const delayMs = arrivalMs - env.clock.monotonic()
    travelling.push(item)
    travellingBytes += item.bytes
    // Whatever order a clock gives to timers of the same moment, the first that left arrives first.
    const arrive = (): void => {
      const first = travelling.shift()
      if (ended || first === undefined) return
      travellingBytes -= first.bytes
      waiting.push(first)
      waitingBytes += first.bytes
      deliver()
    }
    if (delayMs > 0) env.clock.setTimer(delayMs, arrive)
    else env.clock.defer(arrive)
  }

  function deliver(): void {
    while (!ended && !paused && !cutOff() && !held()) {
      const item = waiting.shift()
      if (item === undefined) break
      waitingBytes -= item.bytes
      item.arrive()
    }
  }

  function release(): void {
    const wasHeld = waiting.length + travelling.length > 0
    deliver()
    if (wasHeld && waiting.length === 0 && !ended) drained()
  }

  function finish(code: number, reason: string): void {
    if (ended) return
    ended = true
    travelling = []
    travellingBytes = 0
    waiting = []
    waitingBytes = 0
    timeout?.cancel()
    end(code, reason)
  }

  return {
    get heldBytes() {
      return waitingBytes + travellingBytes
    },
    send(content, bytes = content.length) {
      if (lost(content)) return
      // What left while everything was taken is held by the network; a sender knows at once that nothing is taken any more.
      const isTaken = waiting.length === 0 && !held() && !cutOff()
      travel({ bytes: isTaken ? 0 : bytes, arrive: () => frame(content) })
    },
    ping: () => travel({ bytes: 0, arrive: () => pinged() }),
    run: (step) => travel({ bytes: 0, arrive: step }),
    end: (code, reason) => travel({ bytes: 0, arrive: () => finish(code, reason) }),
    abort: (code) => env.clock.defer(() => finish(code, "")),
    sever: (code) => env.clock.defer(() => cutOff() || finish(code, "")),
    abortAfter(delayMs, code) {
      if (!ended) timeout ??= env.clock.setTimer(delayMs, () => finish(code, ""))
    },
    pause(on) {
      paused = on
      if (!on) release()
    },
    release,
    onFrame(listener) {
      frame = listener
    },
    onPing(listener) {
      pinged = listener
    },
    onEnd(listener) {
      end = listener
    },
    onDrained(listener) {
      drained = listener
    },
  }
}
