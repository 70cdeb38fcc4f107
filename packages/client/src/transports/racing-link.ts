import type { Clock, Encoded, MagpieError, Timer } from "@magpie/protocol"
import type { Link, LinkEvents } from "../transport/transport.ts"
import type { Climb } from "./climb.ts"
import type { Choice } from "./fallback.ts"
import type { NamedTransport } from "./named-transport.ts"

export interface RacingOptions {
  readonly url: string
  readonly protocols: readonly string[]
  readonly transports: readonly NamedTransport[]
  readonly choice: Choice
  readonly climb: Climb
  readonly clock: Clock
  readonly patienceMs: number
}

/** One transport on its way. */
interface Runner {
  readonly index: number
  link: Link | undefined
}

/**
 * Before a transport is chosen, several may be opening; the first that opens is chosen and gets the frames that were sent. One
 * that stays silent then is given up, for good, before the next gets them, so that hello is never said twice at a time.
 */
type Race =
  | { readonly name: "opening" }
  | { readonly name: "asked"; readonly runner: Runner }
  | { readonly name: "running"; readonly runner: Runner; readonly stopClimb: () => void }
  /** Closed from this side; the transport has not let go yet. */
  | { readonly name: "leaving"; readonly runner: Runner }
  | { readonly name: "over" }

const NORMAL = 1000
const LOST = 1006
const SERVICE_RESTART = 1012
const NO_PONG = 4002
const REPLACED = 4504

export function openRacing(options: RacingOptions, events: LinkEvents): Link {
  const { url, protocols, transports, choice, climb, clock, patienceMs } = options
  /** Which are still to be tried, the one that worked last first. */
  const untried = transports.map((_, place) => (place + choice.best) % transports.length)
  const runners = new Set<Runner>()
  const frames: Encoded[] = []
  let race: Race = { name: "opening" }
  let told = false
  /** A hello of ours may still be on its way on a link that was given up. */
  let ghost = false
  /** Why a transport cannot work here at all. */
  const causes: MagpieError[] = []
  let timer: Timer | undefined

  function patience(then: () => void): void {
    timer?.cancel()
    timer = clock.setTimer(patienceMs, then)
  }

  function startNext(): void {
    const index = untried.shift()
    const transport = index === undefined ? undefined : transports[index]
    if (index === undefined || transport === undefined) {
      timer?.cancel()
      // No attempt can succeed only where that is so for every one of them.
      if (runners.size === 0) over(LOST, "", causes.length === transports.length ? causes[0] : undefined)
      return
    }
    const runner: Runner = { index, link: undefined }
    runners.add(runner)
    patience(startNext)
    try {
      runner.link = transport.open(url, protocols, {
        onOpen: () => opened(runner),
        onMessage: (frame) => heard(runner, frame),
        onClose: (code, reason, why) => closed(runner, code, reason, why),
      })
    } catch {
      clock.defer(() => closed(runner, LOST, ""))
    }
  }

  function opened(runner: Runner): void {
    if (race.name !== "opening" || !runners.has(runner)) return
    race = { name: "asked", runner }
    for (const other of runners) if (other !== runner) giveUp(other, NORMAL)
    patience(() => {
      ghost = true
      giveUp(runner, NO_PONG)
      race = { name: "opening" }
      startNext()
    })
    for (const frame of frames) runner.link?.send(frame)
    if (told) return
    told = true
    events.onOpen()
  }

  function heard(runner: Runner, frame: Encoded): void {
    if (race.name === "asked" && race.runner === runner) {
      timer?.cancel()
      frames.length = 0
      const { index } = runner
      choice.works(index)
      race = { name: "running", runner, stopClimb: index === 0 ? () => {} : climb.begin({ url, protocols }, index, change) }
    }
    if (race.name === "running" && race.runner === runner) events.onMessage(frame)
  }

  /** A better transport comes through: the client connects again at once, and resumes over it. */
  function change(index: number): void {
    if (race.name !== "running") return
    choice.works(index)
    // Not as somebody who leaves: whoever is present stays so.
    giveUp(race.runner, NO_PONG)
    over(SERVICE_RESTART, "a better transport comes through;retryAfterMs=0")
  }

  function closed(runner: Runner, code: number, reason: string, why?: MagpieError): void {
    if (!runners.delete(runner)) return
    if (why) causes.push(why)
    const chosen = "runner" in race && race.runner === runner
    // A close that says something is the server's: no other transport would change it.
    if (race.name === "running" || race.name === "leaving" || (chosen && code !== LOST))
      return over(ghost && code === REPLACED ? LOST : code, reason)
    if (race.name === "over") return
    if (chosen) race = { name: "opening" }
    if (race.name === "opening" && runners.size === 0) startNext()
  }

  function giveUp(runner: Runner, code: number): void {
    if (runners.delete(runner)) runner.link?.close(code, "")
  }

  function stop(): void {
    timer?.cancel()
    if (race.name === "running") race.stopClimb()
    race = { name: "over" }
  }

  function over(code: number, reason: string, why?: MagpieError): void {
    stop()
    for (const runner of [...runners]) giveUp(runner, NORMAL)
    events.onClose(code, reason, why)
  }

  clock.defer(() => race.name === "opening" && runners.size === 0 && startNext())

  return {
    get bufferedBytes() {
      return "runner" in race ? (race.runner.link?.bufferedBytes ?? 0) : 0
    },
    send(frame) {
      if (race.name === "asked") frames.push(frame)
      if ("runner" in race) race.runner.link?.send(frame)
    },
    close(code, reason) {
      if (race.name === "over" || race.name === "leaving") return
      const last = "runner" in race ? race.runner : undefined
      stop()
      for (const runner of [...runners]) if (runner !== last) giveUp(runner, NORMAL)
      if (last === undefined) return clock.defer(() => events.onClose(code, reason))
      race = { name: "leaving", runner: last }
      last.link?.close(code, reason)
    },
  }
}
