import { MagpieError } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import type { JournalPlace } from "../journal.ts"
import { journalConformance } from "../journal-conformance.ts"
import type { JournalUnderTest } from "../journal-under-test.ts"
import { brokerJournal } from "./broker-journal.ts"
import { fakeBroker } from "./fake-broker.fixture.ts"

const write = (value: number): Uint8Array => Uint8Array.of(value)
const read = (record: Uint8Array): number => record[0] ?? 0

function bed(appendMs?: number) {
  const env = fakeEnv()
  const broker = fakeBroker(env)
  const open = () => brokerJournal({ env, broker: broker.connect(), appendMs })
  const journal = open()
  const until = (fact: () => boolean) => env.clock.until(fact, 120_000)
  return { env, broker, open, journal, until }
}

/** A tail of partition 0 that goes on behind what it has, and says where it was told that it is. */
function followed({ journal }: ReturnType<typeof bed>, from = 1) {
  const places: JournalPlace[] = []
  const values: number[] = []
  let next = from
  const tail = journal.tail(0, {
    connected(place) {
      places.push(place)
      next = Math.max(place.oldest, Math.min(next, place.newest + 1))
      return next
    },
    async deliver({ first, records }) {
      values.push(...records.map(read))
      next = first + records.length
    },
  })
  return { places, values, tail }
}

describe("a journal of a broker", () => {
  journalConformance({
    test,
    write,
    read,
    create(): JournalUnderTest<Uint8Array> {
      const { env, broker, open, journal, until } = bed(2_000)
      return {
        journal,
        until,
        pass: () => env.clock.advance(5_000),
        connect: open,
        reconnect: () => broker.drop(),
        cut: () => broker.cut(true),
        heal: () => broker.cut(false),
        restart: (lose) => broker.lose(lose),
        skip: (count) => broker.skip(count),
        async dispose() {
          await env.clock.advance(20_000)
          if (env.clock.pendingTimers > 0) throw new Error("a closed journal left a timer behind")
        },
      }
    },
  })

  test("[F70] notices a log that was replaced while the connection stayed, also where the new one is longer", async () => {
    const world = bed()
    const { places, values } = followed(world)
    const appended = world.journal.append(0, [1, 2, 3].map(write))
    await world.until(() => values.length === 3)
    await appended
    world.broker.replace([9])
    await world.until(() => places.length === 2)
    expect(places[1]).toMatchObject({ oldest: 1, newest: 1 })
    expect(places[1]?.incarnation).not.toBe(places[0]?.incarnation)
    world.broker.replace([9, 8, 7, 6, 5])
    await world.until(() => places.length === 3)
    expect(places[2]?.newest).toBe(5)
    await world.journal.close()
  })

  test("[F70] notices records that are gone while the connection and the life stayed", async () => {
    const world = bed()
    const { places, values } = followed(world)
    void world.journal.append(0, [1, 2, 3].map(write))
    await world.until(() => values.length === 3)
    world.broker.rewind(2)
    await world.until(() => places.length === 2)
    expect(places[1]).toMatchObject({ incarnation: places[0]?.incarnation, newest: 1 })
    await world.journal.close()
  })

  test("[G4] tells a reader that was slow where it is when what comes next was trimmed meanwhile, and skips nothing in silence", async () => {
    const world = bed()
    const told: string[] = []
    let release = (): void => {}
    world.journal.tail(0, {
      connected({ oldest }) {
        told.push(`oldest ${oldest}`)
        return oldest
      },
      async deliver({ records }) {
        told.push(records.map(read).join())
        if (told.length === 2) await new Promise<void>((resolve) => (release = resolve))
      },
    })
    void world.journal.append(0, [write(1)])
    await world.until(() => told.length === 2)
    for (const value of [2, 3, 4]) void world.journal.append(0, [write(value)])
    await world.env.clock.advance(100)
    world.broker.trim(4)
    // Before the tail looks again by itself.
    release()
    await world.until(() => told.includes("4"))
    expect(told).toEqual(["oldest 1", "1", "oldest 4", "4"])
    await world.journal.close()
  })

  test("[F76] an append that nobody answers fails with UNAVAILABLE within its time, and a broker that stays mute is left", async () => {
    const world = bed()
    const { places } = followed(world)
    await world.until(() => places.length === 1)
    world.broker.mute(true)
    const outcomes: unknown[] = []
    for (let count = 0; count < 3; count++) world.journal.append(0, [write(count)]).catch((error: unknown) => outcomes.push(error))
    await world.until(() => outcomes.length === 3)
    for (const error of outcomes) expect(error).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 500 })
    const { connects } = world.broker
    await world.until(() => world.broker.connects > connects)
    world.broker.mute(false)
    await world.until(() => places.length >= 2)
    await world.journal.close()
  })

  test("[F67] tries again ever more slowly while the broker is away, and takes what waits when it is back", async () => {
    const world = bed()
    await world.until(() => world.broker.connects === 1)
    world.broker.cut(true)
    await world.env.clock.advance(60_000)
    const before = world.broker.connects
    expect(before).toBeGreaterThan(8)
    expect(before).toBeLessThan(120)
    const appended = world.journal.append(0, [write(1)])
    world.broker.cut(false)
    const { values } = followed(world)
    await world.until(() => values.length === 1)
    await appended
    await world.journal.close()
  })

  test("a refusal of the adapter's own is passed on as it is", async () => {
    const env = fakeEnv()
    const inner = fakeBroker(env).connect()
    const journal = brokerJournal({
      env,
      broker: {
        ...inner,
        connect: async (onLost) => ({
          ...(await inner.connect(onLost)),
          append: () => Promise.reject(new MagpieError("TOO_LARGE", "1 MiB")),
        }),
      },
    })
    let code: string | undefined
    journal.append(0, [write(1)]).catch((error: MagpieError) => {
      code = error.code
    })
    await env.clock.until(() => code !== undefined)
    expect(code).toBe("TOO_LARGE")
    await journal.close()
  })

  test("a broker that cannot carry the log is not asked again: who reads and who appends is told why", async () => {
    const env = fakeEnv()
    let connects = 0
    // Ending what it has opened, an adapter may report a loss first.
    const connect = async (onLost: () => void) => {
      connects++
      onLost()
      throw new MagpieError("INVALID_OPTIONS", "partitions: 3")
    }
    const journal = brokerJournal({ env, broker: { name: "fake", partitions: 2, trims: true, connect } })
    const told: string[] = []
    const reader = { connected: () => 1, deliver: async () => {}, refused: ({ code }: MagpieError) => void told.push(code) }
    journal.tail(0, reader)
    journal.append(0, [write(1)]).catch(({ code }: MagpieError) => told.push(code))
    await env.clock.advance(60_000)
    journal.tail(1, reader)
    journal.append(0, [write(2)]).catch(({ code }: MagpieError) => told.push(code))
    await env.clock.advance(60_000)
    expect(told).toEqual(Array(4).fill("INVALID_OPTIONS"))
    expect(connects).toBe(1)
    await journal.close()
  })

  test("a connection that was lost before it was handed over is closed and made again", async () => {
    const env = fakeEnv()
    const inner = fakeBroker(env).connect()
    let [connects, closes] = [0, 0]
    const connect = async (onLost: () => void) => {
      const connection = await inner.connect(onLost)
      if (++connects === 1) onLost()
      const close = () => {
        closes++
        return connection.close()
      }
      return { ...connection, close }
    }
    const journal = brokerJournal({ env, broker: { ...inner, connect } })
    await env.clock.until(() => connects === 2)
    await env.clock.advance(1_000)
    expect([connects, closes]).toEqual([2, 1])
    await journal.close()
    expect(closes).toBe(2)
  })

  test("its log lines hold nothing that a vendor's message says", async () => {
    const env = fakeEnv()
    const broker = fakeBroker(env)
    const way = broker.connect()
    broker.cut(true)
    const lines: string[] = []
    const journal = brokerJournal({
      env: { ...env, log: (_level, event, fields) => lines.push(JSON.stringify({ event, ...fields })) },
      broker: way,
    })
    await env.clock.advance(1_000)
    expect(lines[0]).toBe('{"event":"broker.lost","broker":"fake","failures":1,"cause":"ECONNREFUSED"}')
    await journal.close()
  })

  test("[G12] a close ends what waits for a broker that never comes", async () => {
    const world = bed()
    world.broker.cut(true)
    const { tail } = followed(world)
    let code: string | undefined
    world.journal.append(0, [write(1)]).catch((error: MagpieError) => {
      code = error.code
    })
    await world.env.clock.advance(500)
    await world.journal.close()
    await tail.stop()
    expect(code).toBe("CLOSED")
    expect(() => world.journal.tail(0, { connected: () => 1, deliver: async () => {} })).toThrow("CLOSED")
    await world.env.clock.advance(20_000)
    expect(world.env.clock.pendingTimers).toBe(0)
  })
})
