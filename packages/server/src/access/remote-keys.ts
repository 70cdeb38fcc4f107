import { type Clock, isMagpieError, type Log, MagpieError } from "@magpie/protocol"

/** A public key as a key set has it (RFC 7517). */
export type PublicKey = Readonly<Record<string, unknown>>

export interface RemoteKeysOptions {
  /** How old the set may be before it is fetched anew, and that is waited for, in milliseconds. Default 600,000. */
  readonly refreshMs?: number
  /** The shortest time between two fetches, in milliseconds. Default 30,000. */
  readonly cooldownMs?: number
  /** How long a key that is no longer in the set still holds, in milliseconds. Default 300,000. */
  readonly graceMs?: number
  /** How old the set may be where it cannot be fetched, in milliseconds. Default 86,400,000. */
  readonly maxAgeMs?: number
}

/** A set of public keys that others keep and change. */
export interface RemoteKeys {
  /**
   * The keys among which that of a token is: of its name where it has one, else all. None where no key has that name.
   * Fails with UNAVAILABLE where that cannot be known just now: the set is too old, or it was fetched so shortly ago that a newer
   * key may be missing.
   */
  find(kid: string | undefined, clock: Clock, log?: Log): Promise<readonly PublicKey[]>
}

/** More keys than any set has at a time. */
const MAX_KEYS = 128
const MAX_MISSING = 256
const MAX_KID_LENGTH = 256
/** Of `refreshMs`, after which the set is fetched without anybody waiting. */
const EARLY = 1 / 2

const NEWER = "the token's key may be newer than the keys that are known"

/** A key that is no longer in the set. */
interface LeavingKey {
  readonly key: PublicKey
  readonly untilMs: number
}

/**
 * `fetchSet` gives what stands at the address, parsed. All times are monotonic. While the address answers, a key that was
 * taken out of the set is refused `refreshMs + graceMs` later at the latest [F36].
 */
export function createRemoteKeys(fetchSet: () => Promise<unknown>, options: RemoteKeysOptions = {}): RemoteKeys {
  const { refreshMs = 600_000, cooldownMs = 30_000, graceMs = 300_000, maxAgeMs = 86_400_000 } = options
  let keys: readonly PublicKey[] = []
  let leaving: readonly LeavingKey[] = []
  let fetchedMs = Number.NEGATIVE_INFINITY
  /** Names that were asked for, and were not in the set when it was fetched last. */
  let missing: readonly string[] = []
  /** What was found by name, until anything changes. */
  let found = new Map<string | undefined, readonly PublicKey[]>()
  let triedMs = Number.NEGATIVE_INFINITY
  let lastTryFailed = false
  let fetching: Promise<boolean> | undefined

  async function load(clock: Clock, log: Log | undefined): Promise<boolean> {
    triedMs = clock.monotonic()
    const startedMs = triedMs
    try {
      take(keysOf(await fetchSet()), clock.monotonic() + graceMs)
      fetchedMs = startedMs
      lastTryFailed = false
    } catch (failure) {
      // What else it says may hold parts of the answer.
      log?.("error", "jwks-failed", { failure: isMagpieError(failure) ? failure.reason : failure instanceof Error ? failure.name : "" })
      lastTryFailed = true
    }
    fetching = undefined
    return !lastTryFailed
  }

  function take(fetched: readonly PublicKey[], untilMs: number): void {
    const known = new Set(fetched.map(textOf))
    const left = keys.filter((key) => !known.has(textOf(key))).map((key) => ({ key, untilMs }))
    leaving = [...leaving.filter(({ key }) => !known.has(textOf(key))), ...left].slice(-MAX_KEYS)
    keys = fetched
    const names = new Set(fetched.map(({ kid }) => kid))
    missing = missing.filter((kid) => !names.has(kid))
    found = new Map()
  }

  /** Starts a fetch, or joins the one under way. Undefined where the last one was too short a time ago. */
  function refresh(clock: Clock, log: Log | undefined): Promise<boolean> | undefined {
    if (fetching === undefined && clock.monotonic() < triedMs + cooldownMs) return undefined
    fetching ??= load(clock, log)
    return fetching
  }

  /** Not waited for where the last try failed: then the keys that are known serve meanwhile. */
  async function keepFresh(clock: Clock, log: Log | undefined): Promise<void> {
    const ageMs = clock.monotonic() - fetchedMs
    if (ageMs >= refreshMs && (!lastTryFailed || ageMs >= maxAgeMs)) await refresh(clock, log)
    else if (ageMs >= refreshMs * EARLY) void refresh(clock, log)
    if (clock.monotonic() - fetchedMs >= maxAgeMs) throw unavailable(clock, "the keys that tokens are checked with cannot be had")
  }

  function held(kid: string | undefined, nowMs: number): readonly PublicKey[] {
    if (leaving.some(({ untilMs }) => untilMs <= nowMs)) {
      leaving = leaving.filter(({ untilMs }) => untilMs > nowMs)
      found = new Map()
    }
    const known = found.get(kid)
    if (known !== undefined) return known
    const all = [...keys, ...leaving.map(({ key }) => key)]
    const its = kid === undefined ? all : all.filter((key) => key.kid === kid)
    if (its.length > 0) found.set(kid, its)
    return its
  }

  function unavailable(clock: Clock, why: string): MagpieError {
    return new MagpieError("UNAVAILABLE", why, { retryAfterMs: Math.max(1, Math.ceil(triedMs + cooldownMs - clock.monotonic())) })
  }

  return {
    async find(kid, clock, log) {
      if (kid !== undefined && kid.length > MAX_KID_LENGTH) return []
      const askedMs = clock.monotonic()
      await keepFresh(clock, log)
      const its = held(kid, clock.monotonic())
      if (its.length > 0 || kid === undefined) return its
      if (fetchedMs < askedMs) {
        const refreshed = refresh(clock, log)
        if (refreshed === undefined && missing.includes(kid)) return []
        if (refreshed === undefined || !(await refreshed)) throw unavailable(clock, NEWER)
      }
      const now = held(kid, clock.monotonic())
      if (now.length === 0) missing = [...missing.filter((one) => one !== kid), kid].slice(-MAX_MISSING)
      return now
    },
  }
}

function keysOf(set: unknown): readonly PublicKey[] {
  const keys: unknown = typeof set === "object" && set !== null ? Reflect.get(set, "keys") : undefined
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new MagpieError("BAD_REQUEST", "what was fetched is no key set")
  return keys.filter((key): key is PublicKey => typeof key === "object" && key !== null)
}

/** Equal keys give equal texts, whatever the order of their fields. */
function textOf(key: PublicKey): string {
  return JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)))
}
