import { fakeEnv, type JournalModelOptions, journalModel } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { embeddedJournal } from "./embedded-journal.ts"
import type { Entry } from "./entry.ts"
import type { Journal, JournalReader } from "./journal.ts"
import { journalConformance } from "./journal-conformance.ts"
import type { JournalUnderTest } from "./journal-under-test.ts"

const PASS_MS = 5_000

type Alter = (journal: Journal, model: ReturnType<typeof journalModel>) => Partial<Journal>

function modelled(options: Partial<JournalModelOptions> = {}, alter: Alter = () => ({})): JournalUnderTest<Uint8Array> {
  const env = fakeEnv()
  const model = journalModel({ env, random: env.random, latency: { minMs: 0, maxMs: 5 }, ...options })
  const inner = model.connect("a")
  const journal = { ...facade(inner), ...alter(inner, model) }
  return {
    journal,
    until: (fact) => env.clock.until(fact, 60_000),
    pass: () => env.clock.advance(PASS_MS),
    connect: () => model.connect("b"),
    reconnect: () => model.reconnect("a"),
    cut: () => model.cut("a"),
    heal: () => model.heal("a"),
    skip: (count) => model.skipPositions(0, count),
    restart: (lose) => void model.restart({ lose, partition: 0 }),
    async dispose() {
      model.close()
      await env.clock.advance(PASS_MS)
      if (env.clock.pendingTimers > 0) throw new Error("a closed journal left a timer behind")
    },
  }
}

function facade(inner: Journal): Journal {
  return {
    capabilities: inner.capabilities,
    append: (partition, records) => inner.append(partition, records),
    tail: (partition, reader) => inner.tail(partition, reader),
    trim: (partition, before) => inner.trim(partition, before),
    close: () => inner.close(),
  }
}

const bytes = {
  write: (value: number): Uint8Array => Uint8Array.of(value),
  read: (record: Uint8Array): number => record[0] ?? 0,
}

describe("the embedded journal", () => {
  journalConformance<Entry>({
    test,
    create() {
      const env = fakeEnv()
      const journal = embeddedJournal({ env, level: "disk" })
      return { journal, until: (fact) => until(env, fact), pass: () => env.clock.settle() }
    },
    write: (at) => ({ type: "clock", at }),
    read: ({ at }) => at,
  })
})

async function until(env: ReturnType<typeof fakeEnv>, fact: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !fact(); turn++) await env.clock.settle()
  if (!fact()) throw new Error("the fact never came true")
}

describe("the model of a shared journal", () => {
  journalConformance({ test, create: () => modelled(), ...bytes })
})

describe("the model of a journal that only its own retention trims", () => {
  test("keeps what it is asked to trim", async () => {
    const { journal, until: wait, dispose } = modelled({ trims: false })
    let done = false
    void journal.trim(0, 5).then(() => {
      done = true
    })
    await wait(() => done)
    await journal.close()
    await dispose?.()
  })
})

/** Each breaks one promise of the port, by the case of the suite that must notice. */
const SABOTEURS: Readonly<Record<string, Readonly<Record<string, Alter>>>> = {
  "gives what was appended, in order, at positions that grow from 1": {
    "drops the last record of an append": (journal) => ({
      append: (partition, records) => journal.append(partition, records.length > 1 ? records.slice(0, -1) : records),
    }),
    "lands appends in another order": (journal) => ({
      append: (partition, records) => journal.append(partition, [...records].reverse()),
    }),
    "gives positions from 0": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { deliver: (batch) => reader.deliver({ ...batch, first: batch.first - 1 }) })),
    }),
  },
  "gives the next batch only when the one before has settled": {
    "delivers while a delivery is under way": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { deliver: async (batch) => void reader.deliver(batch).catch(() => {}) })),
    }),
  },
  "tells its place before it delivers, and delivers from the answer on, itself included": {
    "begins behind the place that it was told": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { connected: async (place) => (await reader.connected(place)) + 1 })),
    }),
    "begins at the start whatever it is told": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { connected: async (place) => Math.min(1, await reader.connected(place)) })),
    }),
    "numbers what a tail is given anew": (journal) => ({
      tail(partition, reader) {
        let next = 1
        const deliver: JournalReader<Uint8Array>["deliver"] = (batch) => {
          const first = next
          next += batch.records.length
          return reader.deliver({ ...batch, first })
        }
        return journal.tail(partition, altered(reader, { deliver }))
      },
    }),
    "says that it has more than there is": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { connected: (place) => reader.connected({ ...place, newest: place.newest + 1 }) })),
    }),
  },
  "keeps partitions apart": {
    "puts all partitions in one": (journal) => ({
      append: (_partition, records) => journal.append(0, records),
    }),
  },
  "gives nothing after a stop": {
    "goes on after a stop": (journal) => ({
      tail(partition, reader) {
        journal.tail(partition, reader)
        return { stop: () => Promise.resolve() }
      },
    }),
  },
  "ends a tail whose reader rejects, and no other": {
    "goes on after its reader rejected": (journal) => ({
      tail: (partition, reader) => journal.tail(partition, altered(reader, { deliver: (batch) => reader.deliver(batch).catch(() => {}) })),
    }),
  },
  "asks its reader again when the connection broke, and goes on from the answer": {
    "does not ask again when it connects again": (journal) => ({
      tail(partition, reader) {
        let last = 0
        const connected: JournalReader<Uint8Array>["connected"] = (place) => (last === 0 ? reader.connected(place) : last + 1)
        const deliver: JournalReader<Uint8Array>["deliver"] = (batch) => {
          last = batch.first + batch.records.length - 1
          return reader.deliver(batch)
        }
        return journal.tail(partition, { connected, deliver })
      },
    }),
  },
  "names another life and an older newest record when the broker lost its end": {
    "names the same life for ever": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { connected: (place) => reader.connected({ ...place, incarnation: "always" }) })),
    }),
  },
  "lets go of records before a position and keeps the others where they were": {
    "lets go of too much": (journal) => ({ trim: (partition, before) => journal.trim(partition, before + 1) }),
    "lets go of nothing": () => ({ trim: () => Promise.resolve() }),
  },
  "settles appends before it closes, and refuses later ones": {
    "leaves appends open when it closes": (journal, model) => ({
      append(partition, records) {
        if (records[0]?.[0] === 1) model.cut("a")
        return journal
          .append(partition, records)
          .catch((error: { code?: string }) => (error.code === "CLOSED" ? new Promise(() => {}) : undefined))
      },
    }),
    "takes appends after its close": (journal) => ({ append: (partition, records) => journal.append(partition, records).catch(() => {}) }),
  },
  "settles an append while the broker is away, and never says that it landed": {
    "says that what failed has landed": (journal) => ({
      append: (partition, records) =>
        journal.append(partition, records).catch((error: { code?: string }) => {
          if (error.code === "CLOSED") throw error
        }),
    }),
    "never settles an append while the broker is away": (journal) => ({
      append: (partition, records) =>
        journal.append(partition, records).catch((error: { code?: string }) => {
          if (error.code === "CLOSED") throw error
          return new Promise(() => {})
        }),
    }),
  },
  "goes on by itself when the broker is back": {
    "stays away when the broker is back": (journal) => ({
      tail(partition, reader) {
        let connects = 0
        const connected: JournalReader<Uint8Array>["connected"] = (place) =>
          connects++ === 0 ? reader.connected(place) : new Promise(() => {})
        return journal.tail(partition, altered(reader, { connected }))
      },
    }),
  },
  "waits for its reader's answer before it delivers": {
    "does not wait for its reader's answer": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(
          partition,
          altered(reader, {
            connected(place) {
              void reader.connected(place)
              return 1
            },
          }),
        ),
    }),
  },
  "gives records behind positions that were left out where they are": {
    "gives what lies behind a hole at the hole's positions": (journal) => ({
      tail(partition, reader) {
        let next = 0
        const deliver: JournalReader<Uint8Array>["deliver"] = (batch) => {
          const first = next === 0 ? batch.first : Math.min(next, batch.first)
          next = first + batch.records.length
          return reader.deliver({ ...batch, first })
        }
        return journal.tail(partition, altered(reader, { deliver }))
      },
    }),
  },
  "asks its reader again where what comes next was trimmed": {
    "skips in silence what was trimmed": (journal) => ({
      tail: (partition, reader) =>
        journal.tail(partition, altered(reader, { connected: async (place) => Math.max(place.oldest, await reader.connected(place)) })),
    }),
  },
  "begins a tail while the one before has still to stop, and gives the old one nothing more": {
    "begins no tail while another has still to stop": (journal) => {
      const open = new Set<number>()
      return {
        tail(partition, reader) {
          if (open.has(partition)) return { stop: () => Promise.resolve() }
          open.add(partition)
          const tail = journal.tail(partition, reader)
          return { stop: () => tail.stop().then(() => void open.delete(partition)) }
        },
      }
    },
  },
}

function altered(reader: JournalReader<Uint8Array>, change: Partial<JournalReader<Uint8Array>>): JournalReader<Uint8Array> {
  return { connected: (place) => reader.connected(place), deliver: (batch) => reader.deliver(batch), ...change }
}

describe("the journal suite", () => {
  for (const [name, saboteurs] of Object.entries(SABOTEURS)) {
    for (const [sabotage, alter] of Object.entries(saboteurs)) {
      test(`catches a journal that ${sabotage}`, async () => {
        const cases = new Map<string, () => Promise<void>>()
        journalConformance({ test: (each, run) => void cases.set(each, run), create: () => modelled({}, alter), ...bytes })
        await expect(cases.get(name)?.()).rejects.toThrow()
      })
    }
  }
})
