import type { Journal, JournalUnderTest } from "@magpie/journal"
import type { Env } from "@magpie/protocol"
import { nodeEnv } from "@magpie/server"
import { eventually, sleep } from "../chaos/wait.ts"
import type { BrokerProcess } from "./broker-process.ts"
import type { BrokerKind } from "./brokers.ts"

/** Broken only by what is wrong, however busy the machine is. */
const UNTIL_MS = 150_000
/** In which nothing should happen; a busy machine only makes it say less. */
const PASS_MS = 150
/** Long enough for a busy machine to answer, short enough to wait for where nothing answers. */
const APPEND_MS = 6_000

let logs = 0

/** A name that no other test of this process uses. */
export const newName = (): string => `log-${process.pid}-${++logs}`

export const env: Env = nodeEnv(() => {})

export async function until(fact: () => boolean | Promise<boolean>, what = "the fact"): Promise<void> {
  if (!(await eventually(fact, UNTIL_MS))) throw new Error(`${what} never came true`)
}

/** A new log in a broker that runs; the node under test reaches it by way of the relay, others directly. */
export function journalOn(kind: BrokerKind, broker: BrokerProcess): JournalUnderTest<Uint8Array> {
  const name = newName()
  const opened = new Set<Journal>()
  const open = (port: number): Journal => {
    const journal = kind.adapter({ port, name, appendMs: APPEND_MS }).openJournal(env)
    opened.add(journal)
    return journal
  }
  broker.heal()
  return {
    journal: open(broker.relayPort),
    until,
    pass: () => sleep(PASS_MS),
    connect: () => open(broker.port),
    reconnect: () => broker.reset(),
    cut: () => broker.cut(),
    heal: () => broker.heal(),
    async restart(lose) {
      const kept = await recordsOf(open(broker.port))
      broker.cut()
      await broker.kill()
      broker.clear()
      await broker.start()
      const journal = open(broker.port)
      // As a node does: it looks before it appends, and may leave a position out by that.
      await recordsOf(journal)
      await journal.append(0, kept.slice(0, kept.length - lose))
      broker.heal()
    },
    async dispose() {
      await Promise.all([...opened].map((journal) => journal.close()))
    },
  }
}

/** Everything that a journal has in partition 0 now. */
export async function recordsOf(journal: Journal, partition = 0): Promise<readonly Uint8Array[]> {
  const records: Uint8Array[] = []
  let [newest, position] = [Number.POSITIVE_INFINITY, 0]
  const tail = journal.tail(partition, {
    connected(place) {
      newest = place.newest
      return place.oldest
    },
    async deliver(batch) {
      records.push(...batch.records)
      position = batch.first + batch.records.length - 1
    },
  })
  await until(() => position >= newest, "the end of the log")
  await tail.stop()
  return records
}
