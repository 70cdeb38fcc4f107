import type { Clock, Limits, Log, Random } from "@magpie/protocol"
import type { Admission } from "../access/admission.ts"
import type { Registry } from "../session/registry.ts"
import { createDrain, type Drain, type Leaver } from "./drain.ts"

export interface CloseOptions {
  readonly spreadMs?: number
  /** Others that are sent away in the same window. */
  readonly also?: readonly Leaver[]
}

/** The end of a server, which begins once. */
export interface Leaving {
  /** Somebody is sent away, or was. */
  readonly begun: boolean
  /** Everybody was told to go, and nothing new is begun for anybody. */
  readonly finishing: boolean
  /** In how many milliseconds everybody will have been told. */
  readonly lastsMs: number
  close(options?: CloseOptions): Promise<void>
}

export interface LeavingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Pick<Limits, "drainMs">
  readonly log: Log
  readonly registry: Registry
  readonly admission: Pick<Admission, "drain">
  /** Stores and acknowledges what was accepted. */
  readonly flush: () => Promise<void>
  /** Lets go of everything, once nobody is connected. */
  readonly release: () => void
}

/** Nobody new, everybody sent away in turn, what was accepted stored, nothing left [F84, G12]. */
export function createLeaving({ clock, random, limits, log, registry, admission, flush, release }: LeavingOptions): Leaving {
  let closing: Promise<void> | undefined
  let drain: Drain | undefined
  let finishing = false
  let endsMs = 0

  async function leave(spreadMs: number, also: readonly Leaver[]): Promise<void> {
    const connected = [...registry.all()].map(({ departure }) => ({
      sendAway(retryAfterMs: number) {
        departure.announce(retryAfterMs)
        departure.closeOnceAnswered()
      },
    }))
    drain = createDrain([...connected, ...also], { clock, random, spreadMs })
    endsMs = clock.monotonic() + drain.windowMs
    admission.drain(endsMs)
    if (connected.length > 0) log("info", "draining", { connections: connected.length, windowMs: Math.round(drain.windowMs) })
    if (drain.windowMs > 0) await drain.run()
    finishing = true
    const hint = (): number => Math.round(random.float() * spreadMs)
    for (const leaver of also) leaver.sendAway(hint())
    for (const { departure } of registry.all()) departure.announce(hint())
    try {
      await flush()
      // What was stored is acknowledged before its publisher is told to go.
      await new Promise<void>((resolve) => clock.defer(resolve))
    } finally {
      for (const { departure } of [...registry.all()]) departure.close()
      release()
    }
  }

  return {
    get begun() {
      return closing !== undefined
    },
    get finishing() {
      return finishing
    },
    get lastsMs() {
      return Math.max(0, endsMs - clock.monotonic())
    },
    close({ spreadMs = limits.drainMs, also = [] } = {}) {
      if (spreadMs === 0) drain?.hurry()
      closing ??= leave(spreadMs, also)
      return closing
    },
  }
}
