import { type WordId, wordId, wordOf } from "./word.ts"

/** One channel's run: what was sent, what each subscriber was given, what the store holds. */
export interface History {
  /** Sent, and the sender has no reason to doubt it: acknowledged, or, where nothing is acknowledged, simply sent. */
  readonly accepted: Iterable<WordId>
  /** Sent, and the sender does not know what became of it: it may be there once. */
  readonly unknown?: Iterable<WordId>
  /** By subscriber, everything in the order in which it was given, from a moment before the first word. */
  readonly heard: ReadonlyMap<string, readonly WordId[]>
  /** What the server kept, or says that it handled, in its order; undefined where nothing can be asked. */
  readonly stored?: readonly WordId[] | undefined
  /** Words that came with another text than they were sent with. */
  readonly garbled?: number
}

/** What went wrong, counted by word and place: one word that two subscribers miss is two. */
export interface Faults {
  readonly lost: number
  readonly doubled: number
  /** Words that came after a later one of the same publisher, or not in the store's order. */
  readonly reordered: number
  /** Words that nobody sent. */
  readonly invented: number
}

export interface Verdict {
  readonly words: number
  /** Deliveries that were owed to subscribers. */
  readonly owed: number
  readonly subscribers: Faults
  readonly store: Faults | undefined
  /** The first few, in words. */
  readonly examples: readonly string[]
}

const MAX_EXAMPLES = 5

/** Compares what was promised with what happened. */
export function judge({ accepted, unknown = [], heard, stored, garbled = 0 }: History): Verdict {
  const promised = new Set(accepted)
  const possible = new Set([...promised, ...unknown])
  const examples: string[] = []
  // Backwards, so that of two places the first counts.
  const order = stored && new Map(stored.map((id, index) => [id, index] as const).reverse())
  const look = (place: string, ids: readonly WordId[], rank?: ReadonlyMap<WordId, number>): Faults => {
    return inspect(ids, { promised, possible, rank, report: (what) => examples.length < MAX_EXAMPLES && examples.push(`${place} ${what}`) })
  }
  const store = stored && look("the store", stored)
  // What the store kept of a doubtful word is owed to everybody.
  for (const id of stored ?? []) if (possible.has(id)) promised.add(id)
  let subscribers: Faults = { ...NONE, invented: garbled }
  for (const [name, ids] of heard) subscribers = add(subscribers, look(name, ids, order))
  return { words: promised.size, owed: promised.size * heard.size, subscribers, store, examples }
}

export const NONE: Faults = { lost: 0, doubled: 0, reordered: 0, invented: 0 }

export function add(a: Faults, b: Faults): Faults {
  return {
    lost: a.lost + b.lost,
    doubled: a.doubled + b.doubled,
    reordered: a.reordered + b.reordered,
    invented: a.invented + b.invented,
  }
}

export function isClean(faults: Faults): boolean {
  return faults.lost + faults.doubled + faults.reordered + faults.invented === 0
}

export function isCleanVerdict({ subscribers, store = NONE }: Verdict): boolean {
  return isClean(subscribers) && isClean(store)
}

/** Several channels of one run as one. */
export function together(verdicts: readonly Verdict[]): Verdict {
  const stores = verdicts.flatMap(({ store }) => (store === undefined ? [] : [store]))
  return {
    words: verdicts.reduce((sum, { words }) => sum + words, 0),
    owed: verdicts.reduce((sum, { owed }) => sum + owed, 0),
    subscribers: verdicts.map(({ subscribers }) => subscribers).reduce(add, NONE),
    store: stores.length === 0 ? undefined : stores.reduce(add, NONE),
    examples: verdicts.flatMap(({ examples }) => examples).slice(0, MAX_EXAMPLES),
  }
}

interface Expectation {
  readonly promised: ReadonlySet<WordId>
  readonly possible: ReadonlySet<WordId>
  readonly rank: ReadonlyMap<WordId, number> | undefined
  report(what: string): void
}

/** Looks at one place's words in their order. */
function inspect(ids: readonly WordId[], { promised, possible, rank, report }: Expectation): Faults {
  const seen = new Set<WordId>()
  const newestBy = new Map<number, number>()
  let newestRank = -1
  let missing = promised.size
  let doubled = 0
  let reordered = 0
  let invented = 0
  for (const id of ids) {
    const { by, n } = wordOf(id)
    if (!possible.has(id)) {
      invented++
      report(`has ${by}.${n}, which nobody sent`)
    } else if (seen.has(id)) {
      doubled++
      report(`has ${by}.${n} twice`)
    } else {
      seen.add(id)
      if (promised.has(id)) missing--
      const before = newestBy.get(by) ?? 0
      const place = rank?.get(id) ?? newestRank
      if (n < before || place < newestRank) {
        reordered++
        report(`has ${by}.${n} too late`)
      }
      newestBy.set(by, Math.max(before, n))
      newestRank = Math.max(newestRank, place)
    }
  }
  if (missing > 0) for (const id of promised) if (!seen.has(id)) report(`lacks ${wordOf(id).by}.${wordOf(id).n}`)
  return { lost: missing, doubled, reordered, invented }
}

/** Words 1 to `count` of one publisher. */
export function wordsOf(by: number, count: number): WordId[] {
  return Array.from({ length: count }, (_, index) => wordId({ by, n: index + 1 }))
}
