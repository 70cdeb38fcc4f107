import { isMagpieError } from "@magpie/protocol"
import type { Journal, JournalPlace, Tail } from "./journal.ts"

export interface JournalUnderTest<R> {
  readonly journal: Journal<R>
  /** Lets time pass until something is so. */
  readonly until: (fact: () => boolean) => Promise<void>
  /** Lets time pass in which nothing should happen. */
  readonly pass: () => Promise<void>
  /** Another node's opening of the same log. Here and below: absent where the journal is not retained. */
  readonly connect?: () => Journal<R>
  /** The connection breaks and comes back. */
  readonly reconnect?: () => void | Promise<void>
  /** The broker is out of this node's reach, until `heal`; others reach it. */
  readonly cut?: () => void | Promise<void>
  readonly heal?: () => void | Promise<void>
  /** The broker starts anew without its newest records. Absent where the harness cannot. */
  readonly restart?: (lose: number) => void | Promise<void>
  /** The broker leaves so many positions out of partition 0. Absent where it never does, or the harness cannot. */
  readonly skip?: (count: number) => void | Promise<void>
  readonly dispose?: () => void | Promise<void>
}

export interface Context<R> extends JournalUnderTest<R> {
  readonly write: (value: number) => R
  readonly read: (record: R) => number
}

export type Case = readonly [name: string, run: <R>(context: Context<R>) => Promise<void>]

export interface Followed {
  readonly values: number[]
  readonly positions: number[]
  readonly places: JournalPlace[]
  readonly tail: Tail
}

export interface FollowOptions<R> {
  readonly journal?: Journal<R>
  readonly partition?: number
  readonly from?: (positions: readonly number[], place: JournalPlace) => number
}

export function follow<R>(
  context: Context<R>,
  { journal = context.journal, partition = 0, from = () => 1 }: FollowOptions<R> = {},
): Followed {
  const values: number[] = []
  const positions: number[] = []
  const places: JournalPlace[] = []
  const tail = journal.tail(partition, {
    async connected(place) {
      places.push(place)
      return from(positions, place)
    },
    async deliver(batch) {
      if (batch.partition !== partition || places.length === 0) throw new Error("a batch of another tail")
      for (const [index, record] of batch.records.entries()) {
        values.push(context.read(record))
        positions.push(batch.first + index)
      }
    },
  })
  return { values, positions, places, tail }
}

export async function appendAll<R>(context: Context<R>, journal: Journal<R>, values: readonly number[]): Promise<void> {
  const records = values.map((value) => context.write(value))
  await settle(context, journal.append(0, records))
}

/** Awaits what needs time to pass. */
export async function settle<R, T>({ until }: Pick<JournalUnderTest<R>, "until">, pending: Promise<T>): Promise<T> {
  let done = false
  const finish = (): void => {
    done = true
  }
  pending.then(finish, finish)
  await until(() => done)
  return pending
}

export async function codeOf<R>(context: Context<R>, pending: Promise<void>): Promise<string> {
  try {
    await settle(context, pending)
    return "resolved"
  } catch (error) {
    return isMagpieError(error) ? error.code : String(error)
  }
}

export function equal(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
}
