import { BROKER_CASES } from "./journal-conformance-broker.ts"
import {
  appendAll,
  type Case,
  type Context,
  codeOf,
  equal,
  type Followed,
  follow,
  type JournalUnderTest,
  settle,
} from "./journal-under-test.ts"

export interface JournalConformanceOptions<R> {
  /** The runner's way to register a case, such as vitest's `test`. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** A new, empty journal for each case. */
  readonly create: () => JournalUnderTest<R> | Promise<JournalUnderTest<R>>
  /** A record that carries a number, and the number that it carries. */
  readonly write: (value: number) => R
  readonly read: (record: R) => number
}

/** What every journal owes the log, as one suite for all of them. What `capabilities` deny is not asked. */
export function journalConformance<R>({ test, create, write, read }: JournalConformanceOptions<R>): void {
  for (const [name, run] of [...CASES, ...BROKER_CASES]) {
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
  ["waits for its reader's answer before it delivers", awaitsAnswer],
  ["begins a tail while the one before has still to stop, and gives the old one nothing more", overlaps],
  ["settles appends before it closes, and refuses later ones", closes],
]

async function givesInOrder<R>(context: Context<R>): Promise<void> {
  const followed = follow(context)
  await appendAll(context, context.journal, [1, 2, 3])
  for (let value = 4; value <= 40; value++) await appendAll(context, context.journal, [value])
  await context.until(() => followed.values.length >= 40)
  await context.pass()
  equal(followed.values.join(), numbers(1, 40))
  equal((followed.positions[0] ?? 0) >= 1, true)
  equal(
    followed.positions.every((position, index) => index === 0 || position > (followed.positions[index - 1] ?? 0)),
    true,
  )
}

async function waitsForReader<R>(context: Context<R>): Promise<void> {
  let calls = 0
  let seen = 0
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  context.journal.tail(0, {
    connected: () => 1,
    async deliver({ records }) {
      calls++
      await released
      seen += records.length
    },
  })
  const appends = [context.journal.append(0, [context.write(1)])]
  await context.until(() => calls > 0)
  for (const value of [2, 3, 4, 5]) appends.push(context.journal.append(0, [context.write(value)]))
  await context.pass()
  equal(calls, 1)
  release()
  await context.until(() => seen >= 5)
  await settle(context, Promise.all(appends))
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
  if (!context.journal.capabilities.retained) return
  if (context.connect === undefined) throw new Error("the harness of a retained journal needs connect")
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

async function awaitsAnswer<R>(context: Context<R>): Promise<void> {
  const values: number[] = []
  let answer: (() => void) | undefined
  context.journal.tail(0, {
    connected: () => new Promise((resolve) => (answer = () => resolve(1))),
    async deliver({ records }) {
      values.push(...records.map((record) => context.read(record)))
    },
  })
  const append = context.journal.append(0, [context.write(1)])
  append.catch(() => {})
  await context.until(() => answer !== undefined)
  await context.pass()
  equal(values.join(), "")
  answer?.()
  await context.until(() => values.length >= 1)
  await settle(context, append)
  equal(values.join(), "1")
}

/** As a reader does that must begin elsewhere: it stops its tail from within a delivery, and cannot wait for that. */
async function overlaps<R>(context: Context<R>): Promise<void> {
  const { journal } = context
  let second: Followed | undefined
  let calls = 0
  const first = journal.tail(0, {
    connected: () => 1,
    async deliver() {
      calls++
      void first.stop()
      second ??= follow(context)
    },
  })
  await appendAll(context, journal, [1])
  await context.until(() => (second?.places.length ?? 0) > 0)
  await appendAll(context, journal, [2])
  await context.until(() => second?.values.includes(2) === true)
  await context.pass()
  equal(calls, 1)
  equal(second?.values.join(), journal.capabilities.retained ? "1,2" : "2")
  await settle(context, first.stop())
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
  await context.until(() => one.values.length >= 1 && calls >= 1)
  await context.pass()
  equal(calls, 1)
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
