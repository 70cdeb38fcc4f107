import { Violation } from "./violation.ts"

/** What a simulated session shows of itself: which life of which client it is, and how often it changed its mind. */
export interface Shown {
  readonly who: string
  readonly change: number
}

/** Who is present in truth, and whether everybody is told so [I20]. */
export interface PresenceTruth {
  /** A life of a client wishes to be present with that, or to be away. */
  wished(life: string, change: number | undefined): void
  /** It learns that the server has taken what it wished, on that connection. That may be over by then. */
  taken(life: string, connection: string): void
  /** Its page is gone, or it closed. */
  ended(life: string): void
  /** A watcher is told of a member. */
  seen(watcher: string, user: string | undefined, shown: Shown): void
  /** A watcher is told that a member left, by a server that runs since then. */
  leftFor(watcher: string, shown: Shown, upSinceMs?: number): void
  /** What nodes say to each other was struck until then. */
  disturbed(untilMs: number): void
  /** Looks which connections servers hold, now and then. */
  look(isHeld: (connection: string) => boolean): void
  /** Who is to be seen once everything is whole: what they show, in order. */
  expected(): readonly string[]
}

export interface PresenceTruthOptions {
  monotonic(): number
  readonly leaseMs: number
  /** How long after its end a member may be seen at most, by whoever hears its server. */
  readonly ghostMs: number
  /** Whether this life may have been put out: then it leaves at once. */
  isPutOut?(life: string): boolean
  broken(failure: Violation): void
  reached(what: string): void
}

interface Life {
  change: number | undefined
  connection: string | undefined
  /** When a server was last seen to hold the connection on which it entered. */
  heldAtMs: number | undefined
  endedAtMs: number | undefined
  /** When it last wished to be away: others may be told so for a while. */
  awayAtMs: number
  /** When it was last seen to come back on another link. */
  movedAtMs: number
}

/** Of its lease a member has this part at least, also where its node died after it last spoke to the others. */
const SURE_PART = 3 / 4

export function createPresenceTruth({ monotonic, leaseMs, ghostMs, isPutOut, broken, reached }: PresenceTruthOptions): PresenceTruth {
  const lives = new Map<string, Life>()
  let quietFromMs = 0

  function lifeOf(name: string): Life {
    const known = lives.get(name)
    if (known !== undefined) return known
    const life: Life = {
      change: undefined,
      connection: undefined,
      heldAtMs: undefined,
      endedAtMs: undefined,
      awayAtMs: Number.NEGATIVE_INFINITY,
      movedAtMs: Number.NEGATIVE_INFINITY,
    }
    lives.set(name, life)
    return life
  }

  return {
    wished(name, change) {
      const life = lifeOf(name)
      life.change = change
      if (change !== undefined) return
      life.connection = undefined
      life.heldAtMs = undefined
      life.awayAtMs = monotonic()
    },
    taken(name, connection) {
      const life = lifeOf(name)
      const nowMs = monotonic()
      // Its lease may have run out before it was back: then it has left, as it and others may be told for a while.
      if (life.heldAtMs !== undefined && nowMs - life.heldAtMs >= leaseMs * SURE_PART) life.awayAtMs = nowMs
      if (life.change === undefined) return
      if (life.connection !== undefined && life.connection !== connection) life.movedAtMs = nowMs
      life.connection = connection
    },
    ended(name) {
      const life = lifeOf(name)
      life.change = undefined
      life.connection = undefined
      life.heldAtMs = undefined
      life.endedAtMs ??= monotonic()
    },
    seen(watcher, user, { who }) {
      if (who.slice(0, who.lastIndexOf(".")) !== user) broken(new Violation("I3", `${watcher} sees ${who} as a member of the user ${user}`))
      const endedAtMs = lives.get(who)?.endedAtMs
      if (endedAtMs === undefined) return
      reached("presence-ghost")
      const agoMs = monotonic() - endedAtMs
      if (agoMs > ghostMs) broken(new Violation("I20", `${watcher} sees ${who}, which ended ${Math.round(agoMs)} ms ago`))
    },
    leftFor(watcher, { who }, upSinceMs = 0) {
      reached("presence-left")
      const { heldAtMs, awayAtMs = 0, movedAtMs = 0 } = lives.get(who) ?? {}
      const nowMs = monotonic()
      if (heldAtMs === undefined || nowMs < quietFromMs || isPutOut?.(who) || nowMs - awayAtMs < ghostMs) return
      // A server that was started after a member moved may have heard only of the link before that, whose lease runs out.
      if (upSinceMs > movedAtMs && nowMs - movedAtMs < leaseMs + ghostMs) return
      const agoMs = nowMs - heldAtMs
      if (agoMs < leaseMs * SURE_PART) {
        broken(new Violation("I20", `${watcher} saw ${who} leave, whose link a server held ${Math.round(agoMs)} ms ago`))
      } else reached("presence-lease-over")
    },
    disturbed(untilMs) {
      quietFromMs = Math.max(quietFromMs, untilMs + leaseMs)
    },
    look(isHeld) {
      for (const life of lives.values()) if (life.connection !== undefined && isHeld(life.connection)) life.heldAtMs = monotonic()
    },
    expected: () =>
      [...lives]
        .flatMap(([who, { change, endedAtMs }]) => (change === undefined || endedAtMs !== undefined ? [] : [textOf({ who, change })]))
        .sort(),
  }
}

export function textOf({ who, change }: Shown): string {
  return `${who} ${change}`
}
