import { type Bus, MAX_BUS_MESSAGE_BYTES } from "./bus.ts"

/** A bus and the world that it lives in. */
export interface BusUnderTest {
  readonly bus: Bus
  /** Another node's end of the same bus. */
  readonly connect: () => Bus
  /** Lets time pass until something is so. */
  readonly until: (fact: () => boolean) => Promise<void>
  /** Lets time pass in which nothing should happen. */
  readonly pass: () => Promise<void>
  readonly dispose?: () => void | Promise<void>
}

export interface BusConformanceOptions {
  /** The runner's way to register a case, such as vitest's `test`. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** A new bus without faults for each case. */
  readonly create: () => BusUnderTest | Promise<BusUnderTest>
}

type Case = readonly [name: string, run: (under: BusUnderTest) => Promise<void>]

/** What every bus owes those who use it, as one suite for all of them. */
export function busConformance({ test, create }: BusConformanceOptions): void {
  for (const [name, run] of CASES) {
    test(name, async () => {
      const under = await create()
      try {
        await run(under)
      } finally {
        await under.bus.close()
        await under.dispose?.()
      }
    })
  }
}

const CASES: readonly Case[] = [
  ["hands a message to everybody who subscribes to its subject, once, whatever its bytes", handsOn],
  ["tells subjects apart, letter by letter, and knows no wildcards", tellsApart],
  ["takes messages of 128 KiB, and subjects of 300 bytes in any script", takesLong],
  ["hands nothing to one who stopped, and to others as before", stops],
  ["hands each end bytes of its own, also where another changes them", sharesNothing],
  ["publishes into the void without a word", publishesIntoTheVoid],
  ["hears and sends nothing after its close, which may be said twice", closes],
]

const LONGEST_SUBJECT = `presence/${"鵲".repeat(97)}`

/** What a subject brings to an end, as lists of bytes. */
function hear(bus: Bus, subject: string): { readonly heard: number[][]; readonly stop: () => void } {
  const heard: number[][] = []
  return { heard, stop: bus.subscribe(subject, (message) => heard.push([...message])) }
}

async function handsOn({ bus, connect, until, pass }: BusUnderTest): Promise<void> {
  const ends = [connect(), connect()].map((other) => hear(other, "presence/a"))
  await pass()
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  bus.publish("presence/a", all.slice())
  bus.publish("presence/a", new Uint8Array())
  await until(() => ends.every(({ heard }) => heard.length >= 2))
  await pass()
  const expected = ["", [...all].join()].join("|")
  for (const { heard } of ends)
    equal(
      heard
        .map((bytes) => bytes.join())
        .sort()
        .join("|"),
      expected,
    )
}

async function tellsApart({ bus, connect, until, pass }: BusUnderTest): Promise<void> {
  const other = connect()
  const subjects = ["presence/a", "presence/A", "presence", "presence/a/b", "presence/*", "presence/>", "presence/a b", "presence/a.b"]
  const ends = subjects.map((subject) => hear(other, subject))
  await pass()
  for (const [index, subject] of subjects.entries()) bus.publish(subject, Uint8Array.of(index))
  await until(() => ends.every(({ heard }) => heard.length > 0))
  await pass()
  for (const [index, { heard }] of ends.entries()) equal(heard.join("|"), String(index))
}

async function takesLong({ bus, connect, until, pass }: BusUnderTest): Promise<void> {
  const { heard } = hear(connect(), LONGEST_SUBJECT)
  await pass()
  bus.publish(LONGEST_SUBJECT, new Uint8Array(MAX_BUS_MESSAGE_BYTES).fill(7))
  await until(() => heard.length > 0)
  equal(heard[0]?.length, MAX_BUS_MESSAGE_BYTES)
  equal(
    heard[0]?.every((byte) => byte === 7),
    true,
  )
}

async function stops({ bus, connect, until, pass }: BusUnderTest): Promise<void> {
  const other = connect()
  const [gone, kept] = [hear(other, "s"), hear(other, "s")]
  await pass()
  gone.stop()
  gone.stop()
  await pass()
  bus.publish("s", Uint8Array.of(1))
  await until(() => kept.heard.length > 0)
  await pass()
  equal(gone.heard.length, 0)
  equal(kept.heard.length, 1)
}

async function sharesNothing({ bus, connect, until, pass }: BusUnderTest): Promise<void> {
  const other = connect()
  other.subscribe("s", (message) => void message.fill(9))
  const { heard } = hear(connect(), "s")
  await pass()
  bus.publish("s", Uint8Array.of(1, 2, 3))
  await until(() => heard.length > 0)
  equal(heard[0]?.join(), "1,2,3")
}

async function publishesIntoTheVoid({ bus, pass }: BusUnderTest): Promise<void> {
  bus.publish("nobody", Uint8Array.of(1))
  await pass()
}

async function closes({ bus, connect, pass }: BusUnderTest): Promise<void> {
  const other = connect()
  const [mine, theirs] = [hear(bus, "s"), hear(other, "s")]
  await pass()
  await bus.close()
  await bus.close()
  bus.publish("s", Uint8Array.of(1))
  other.publish("s", Uint8Array.of(2))
  await pass()
  equal(mine.heard.length, 0)
  equal(
    theirs.heard.some(([byte]) => byte === 1),
    false,
  )
}

function equal(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${String(actual)} is not ${String(expected)}`)
}
