import { appendAll, type Case, type Context, codeOf, equal, follow, settle } from "./journal-under-test.ts"

/** What a journal owes when its connection breaks, its broker is away or has lost something, and records are let go of. */
export const BROKER_CASES: readonly Case[] = [
  ["asks its reader again when the connection broke, and goes on from the answer", reconnects],
  ["settles an append while the broker is away, and never says that it landed", tellsAbsence],
  ["goes on by itself when the broker is back", heals],
  ["names another life and an older newest record when the broker lost its end", tellsLoss],
  ["lets go of records before a position and keeps the others where they were", trims],
  ["asks its reader again where what comes next was trimmed", asksAgainWhereTrimmed],
  ["gives records behind positions that were left out where they are", readsOverHoles],
]

async function reconnects<R>(context: Context<R>): Promise<void> {
  if (!context.journal.capabilities.retained) return
  const { reconnect } = faultsOf(context)
  const followed = follow(context, { from: (positions) => positions.at(-1) ?? 1 })
  await appendAll(context, context.journal, [1, 2])
  await context.until(() => followed.values.length >= 2)
  await reconnect()
  await context.until(() => followed.places.length >= 2)
  await appendAll(context, context.journal, [3])
  await context.until(() => followed.values.includes(3))
  equal(followed.values.join(), "1,2,2,3")
  equal(followed.places[1]?.incarnation, followed.places[0]?.incarnation)
}

async function tellsLoss<R>(context: Context<R>): Promise<void> {
  if (context.restart === undefined) return
  const followed = follow(context, { from: (_positions, { newest }) => newest + 1 })
  await context.until(() => followed.places.length >= 1)
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

async function tellsAbsence<R>(context: Context<R>): Promise<void> {
  if (!context.journal.capabilities.retained) return
  const { cut, heal } = faultsOf(context)
  const followed = follow(context)
  await appendAll(context, context.journal, [1])
  await cut()
  const away = [2, 3].map((value) => codeOf(context, context.journal.append(0, [context.write(value)])))
  equal((await Promise.all(away)).join(), "UNAVAILABLE,UNAVAILABLE")
  await heal()
  await appendAll(context, context.journal, [4])
  await context.until(() => followed.values.includes(4))
}

async function heals<R>(context: Context<R>): Promise<void> {
  if (!context.journal.capabilities.retained) return
  const { cut, heal, connect } = faultsOf(context)
  const followed = follow(context, { from: (positions) => positions.at(-1) ?? 1 })
  await appendAll(context, context.journal, [1])
  await context.until(() => followed.values.includes(1))
  await cut()
  const other = connect()
  await appendAll(context, other, [2, 3])
  await context.pass()
  equal(followed.values.join(), "1")
  await heal()
  await context.until(() => followed.values.includes(3))
  equal(followed.values.join(), "1,1,2,3")
  equal(followed.places.at(-1)?.incarnation, followed.places[0]?.incarnation)
  await settle(context, other.close())
}

async function asksAgainWhereTrimmed<R>(context: Context<R>): Promise<void> {
  const { journal } = context
  if (!journal.capabilities.trims) return
  await appendAll(context, journal, [1, 2, 3, 4])
  const before = follow(context)
  await context.until(() => before.values.length >= 4)
  await settle(context, before.tail.stop())
  const fourth = before.positions[3] ?? 0
  await settle(context, journal.trim(0, fourth))
  const asked: number[] = []
  const after = follow(context, {
    from(_positions, { oldest }) {
      asked.push(oldest)
      return asked.length === 1 ? 1 : oldest
    },
  })
  await context.until(() => after.values.length >= 1)
  equal(asked.length, 2)
  equal((asked[1] ?? 0) > 1, true)
  equal(after.values.at(-1), 4)
}

/** A hole ends a batch: whoever reads again from the position that a record was given at finds that record there. */
async function readsOverHoles<R>(context: Context<R>): Promise<void> {
  if (context.skip === undefined) return
  for (const value of [1, 2, 3]) {
    await appendAll(context, context.journal, [value])
    await context.skip(2)
  }
  const followed = follow(context)
  await context.until(() => followed.values.length >= 3)
  equal(followed.values.join(), "1,2,3")
  await settle(context, followed.tail.stop())
  for (const [index, position] of followed.positions.entries()) {
    const again = follow(context, { from: () => position })
    await context.until(() => again.values.length >= 3 - index)
    equal(again.values[0], followed.values[index])
    equal(again.positions[0], position)
    await settle(context, again.tail.stop())
  }
}

type Faults<R> = Required<Pick<Context<R>, "connect" | "reconnect" | "cut" | "heal">>

/** What the harness of every retained journal can bring about. */
function faultsOf<R>({ connect, reconnect, cut, heal }: Context<R>): Faults<R> {
  if (connect && reconnect && cut && heal) return { connect, reconnect, cut, heal }
  throw new Error("the harness of a retained journal needs connect, reconnect, cut and heal")
}
