import { appendAll, type Context, codeOf, equal, follow, type JournalUnderTest, settle } from "./journal-under-test.ts"

export interface JournalConformanceOptions<R> {
  /** The runner's way to register a case, such as vitest's `test`. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** A new, empty journal for each case. */
  readonly create: () => JournalUnderTest<R> | Promise<JournalUnderTest<R>>
  /** A record that carries a number, and the number that it carries. */
  readonly write: (value: number) => R
  readonly read: (record: R) => number
}

type Case = readonly [name: string, run: <R>(context: Context<R>) => Promise<void>]

/** What every journal owes the log, as one suite for all of them. What `capabilities` deny is not asked. */
export function journalConformance<R>({ test, create, write, read }: JournalConformanceOptions<R>): void {
  for (const [name, run] of CASES) {
    test(name, async () => {
      const under = await create()
      try {
        await run({ ...under, write, read })
      } finally {
        await settle(under, under.journal.close())
        await under.dispose?.()
      }
    })
  }
}

const CASES: readonly Case[] = [
  ["gives what was appended, in order, at positions that grow from 1", givesInOrder],
  ["gives the next batch only when the one before has settled", waitsForReader],
  ["tells its place before it delivers, and delivers from the answer on, itself included", startsWhereTold],
  ["keeps partitions apart", keepsPartitionsApart],
  ["gives every tail, also a later one of another node, the same records at the same positions", isOneLog],
  ["gives nothing after a stop", stops],
  ["ends a tail whose reader rejects, and no other", endsRejected],
  ["asks its reader again when the connection broke, and goes on from the answer", reconnects],
  ["names another life and an older newest record when the broker lost its end", tellsLoss],
  ["lets go of records before a position and keeps the others where they were", trims],
  ["settles appends before it closes, and refuses later ones", closes],
]

async function givesInOrder<R>(context: Context<R>): Promise<void> {
  const followed = follow(context)
  await appendAll(context, context.journal, [1, 2, 3])
  for (let value = 4; value <= 40; value++) await appendAll(context, context.journal, [value])
  await context.until(() => followed.values.length >= 40)
  await context.pass()
  equal(followed.values.join(), numbers(1, 40))
  equal(followed.positions[0], 1)
  equal(
    followed.positions.every((position, index) => index === 0 || position > (followed.positions[index - 1] ?? 0)),
    true,
  )
}

async function waitsForReader<R>(context: Context<R>): Promise<void> {
  let inside = 0
  let most = 0
  let seen = 0
  context.journal.tail(0, {
    connected: () => 1,
    async deliver({ records }) {
      most = Math.max(most, ++inside)
      for (let hop = 0; hop < 5; hop++) await Promise.resolve()
      seen += records.length
      inside--
    },
  })
  const appends = [1, 2, 3, 4, 5].map((value) => context.journal.append(0, [context.write(value)]))
  await context.until(() => seen >= 5)
  await settle(context, Promise.all(appends))
  equal(most, 1)
}

async function startsWhereTold<R>(context: Context<R>): Promise<void> {
  const { retained } = context.journal.capabilities
  if (!retained) {
    const later = follow(context, { from: () => 41 })
    await appendAll(context, context.journal, [1, 2])
    await context.until(() => later.values.length >= 2)
    equal(later.positions.join(), "41,42")
    return
  }
  await appendAll(context, context.journal, [1, 2, 3, 4])
  const first = follow(context)
  await context.until(() => first.values.length >= 4)
  await settle(context, first.tail.stop())
  const [place] = first.places
  equal(place?.oldest, 1)
  equal(place?.newest, first.positions[3])
  const third = first.positions[2] ?? 0
  const again = follow(context, { from: () => third })
  await context.until(() => again.values.length >= 2)
  equal(again.values.join(), "3,4")
  equal(again.positions[0], third)
}

async function keepsPartitionsApart<R>(context: Context<R>): Promise<void> {
  if (context.journal.capabilities.partitions < 2) return
  const [zero, one] = [follow(context), follow(context, { partition: 1 })]
  await settle(context, context.journal.append(0, [context.write(1)]))
  await settle(context, context.journal.append(1, [context.write(2), context.write(3)]))
  await context.until(() => zero.values.length >= 1 && one.values.length >= 2)
  await context.pass()
  equal(zero.values.join(), "1")
  equal(one.values.join(), "2,3")
}

async function isOneLog<R>(context: Context<R>): Promise<void> {
  if (context.connect === undefined) return
  const other = context.connect()
  const [here, there] = [follow(context), follow(context, { journal: other })]
  const appends = [1, 2, 3, 4, 5, 6].map((value) => (value % 2 ? context.journal : other).append(0, [context.write(value)]))
  await settle(context, Promise.all(appends))
  await context.until(() => here.values.length >= 6 && there.values.length >= 6)
  await settle(context, other.close())
  const late = context.connect()
  const later = follow(context, { journal: late })
  await context.until(() => later.values.length >= 6)
  await settle(context, late.close())
  equal(there.values.join(), here.values.join())
  equal(later.values.join(), here.values.join())
  equal(later.positions.join(), here.positions.join())
}

async function stops<R>(context: Context<R>): Promise<void> {
  const followed = follow(context)
  await appendAll(context, context.journal, [1])
  await context.until(() => followed.values.length >= 1)
  await settle(context, followed.tail.stop())
  const append = context.journal.append(0, [context.write(2)])
  append.catch(() => {})
  await context.pass()
  equal(followed.values.join(), "1")
}

async function endsRejected<R>(context: Context<R>): Promise<void> {
  if (!context.journal.capabilities.retained) {
    context.journal.tail(0, { connected: () => 1, deliver: () => Promise.reject(new Error("cannot be applied")) })
    equal(await codeOf(context, context.journal.append(0, [context.write(1)])), "INTERNAL")
    equal(await codeOf(context, context.journal.append(0, [context.write(2)])), "INTERNAL")
    return
  }
  let calls = 0
  context.journal.tail(0, {
    connected: () => 1,
    deliver() {
      calls++
      return Promise.reject(new Error("cannot be applied"))
    },
  })
  const one = follow(context, { partition: 1 })
  await settle(context, context.journal.append(0, [context.write(1)]))
  await settle(context, context.journal.append(0, [context.write(2)]))
  await settle(context, context.journal.append(1, [context.write(3)]))
  await context.until(() => one.values.length >= 1)
  await context.pass()
  equal(calls, 1)
}

async function reconnects<R>(context: Context<R>): Promise<void> {
  if (context.reconnect === undefined) return
  const followed = follow(context, { from: (positions) => positions.at(-1) ?? 1 })
  await appendAll(context, context.journal, [1, 2])
  await context.until(() => followed.values.length >= 2)
  await context.reconnect()
  await context.until(() => followed.places.length >= 2)
  await appendAll(context, context.journal, [3])
  await context.until(() => followed.values.includes(3))
  equal(followed.values.join(), "1,2,2,3")
  equal(followed.places[1]?.incarnation, followed.places[0]?.incarnation)
}

async function tellsLoss<R>(context: Context<R>): Promise<void> {
  if (context.restart === undefined) return
  const followed = follow(context, { from: (_positions, { newest }) => newest + 1 })
  await appendAll(context, context.journal, [1, 2, 3])
  await context.until(() => followed.values.length >= 3)
  await context.restart(2)
  await context.until(() => followed.places.length >= 2)
  const [before, after] = followed.places
  equal(before?.incarnation === after?.incarnation, false)
  equal(after?.newest, followed.positions[0])
  await appendAll(context, context.journal, [4])
  await context.until(() => followed.values.includes(4))
  equal((followed.positions.at(-1) ?? 0) <= (followed.positions[2] ?? 0), true)
}

async function trims<R>(context: Context<R>): Promise<void> {
  const { journal } = context
  if (!journal.capabilities.retained) {
    await settle(context, journal.trim(0, 5))
    return
  }
  await appendAll(context, journal, [1, 2, 3, 4])
  const before = follow(context)
  await context.until(() => before.values.length >= 4)
  await settle(context, before.tail.stop())
  const third = before.positions[2] ?? 0
  await settle(context, journal.trim(0, third))
  const after = follow(context, { from: () => third })
  await context.until(() => after.values.length >= 2)
  equal(after.values.join(), "3,4")
  const oldest = after.places[0]?.oldest ?? 0
  equal(oldest > 1 && oldest <= third, journal.capabilities.trims)
}

async function closes<R>(context: Context<R>): Promise<void> {
  const { journal } = context
  follow(context)
  const settled: string[] = []
  const note = (): void => void settled.push("append")
  const append = journal.append(0, [context.write(1)]).then(note, note)
  await settle(
    context,
    journal.close().then(() => settled.push("close")),
  )
  await settle(context, append)
  equal(settled.join(), "append,close")
  await settle(context, journal.close())
  equal(await codeOf(context, journal.append(0, [context.write(2)])), "CLOSED")
}

const numbers = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, index) => from + index).join()
