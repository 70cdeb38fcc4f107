import type { DownMessage, Publish } from "@magpie/protocol"
import type { PeerLink } from "@magpie/testing"
import { refused, stored, textOf } from "./sender.fixture.ts"

/**
 * What a server does with the next number of a producer; or with any, where its broker confirms nothing, and stores it when that
 * lands, if it is the next number then.
 */
export type Decision = "store" | "store and lose the link" | "store and fail" | "fail" | "refuse" | "limit" | "land late"

interface Late {
  readonly key: string
  readonly message: Publish
}

interface Producer {
  last: number
  readonly records: Map<number, { readonly text: string; readonly offset: number } | "refused">
}

/**
 * A server as far as publishes go: it numbers what it stores, knows again what it has stored, and stores nothing out of order.
 * What comes in waits until it is told what to make of it.
 */
export interface ModelServer {
  /** What was stored on each channel, oldest first. */
  readonly logs: ReadonlyMap<string, readonly string[]>
  readonly waiting: number
  /** By default of the producer that was named last. */
  arrive(message: Publish, link: PeerLink, producer?: string): void
  /** Answers so many of what waits, the first of them by one decision and the others by another. */
  answer(count: number, decision: Decision, others?: Decision): void
  /** What came over a link that is gone was never read. */
  lose(link: PeerLink): void
  /** What the broker has not confirmed lands. */
  land(): void
  /** What was stored by that; `anew` where its producer had been forgotten since the first time, so that the log did not know it. */
  readonly landed: ReadonlyMap<string, { readonly anew: boolean }>
  /**
   * Producers were silent for so long that nobody knows them any more. Not those whose first message is not acknowledged: 1 is
   * the number with which everybody begins. What has not landed by then never does.
   */
  forget(isAcknowledged: (text: string) => boolean): void
  /** The name that producers have from now on. */
  rename(producer: string): void
}

export function modelServer(): ModelServer {
  const logs = new Map<string, string[]>()
  const producers = new Map<string, Producer>()
  const landed = new Map<string, { readonly anew: boolean }>()
  /** What producers had stored whom nobody knows any more. */
  const forgotten = new Set<string>()
  let late: Late[] = []
  let waiting: { readonly message: Publish; readonly link: PeerLink; readonly from: string }[] = []
  let name = ""

  function producerOf(key: string): Producer {
    const known = producers.get(key) ?? { last: 0, records: new Map() }
    producers.set(key, known)
    return known
  }

  function store(producer: Producer, channel: string, text: string): number {
    const log = logs.get(channel) ?? []
    logs.set(channel, log)
    log.push(text)
    producer.records.set(++producer.last, { text, offset: log.length })
    return log.length
  }

  function reply(from: string, message: Publish, decision: Decision): DownMessage | undefined {
    const { id, channel, sequence = 0 } = message
    const text = textOf(message)
    const key = `${from} ${channel}`
    const producer = producerOf(key)
    if (decision === "land late") {
      late.push({ key, message })
      return refused(id, "UNAVAILABLE", { retryAfterMs: 100 })
    }
    const record = producer.records.get(sequence)
    if (record === "refused") return refused(id, "FORBIDDEN", { sequence: "used" })
    if (record !== undefined) return record.text === text ? stored(id, record.offset, true) : refused(id, "CONFLICT")
    if (sequence !== producer.last + 1) return refused(id, "OUT_OF_ORDER", { expected: producer.last + 1 })
    switch (decision) {
      case "store":
        return stored(id, store(producer, channel, text))
      case "store and lose the link":
        store(producer, channel, text)
        return undefined
      case "store and fail":
        store(producer, channel, text)
        return refused(id, "UNAVAILABLE", { retryAfterMs: 100 })
      case "fail":
        return refused(id, "UNAVAILABLE")
      case "limit":
        return refused(id, "RATE_LIMITED", { retryAfterMs: 200 })
      case "refuse":
        // As where a node runs rules that forget this refusal.
        if (producer.last === 0) return refused(id, "FORBIDDEN", { sequence: "free" })
        producer.records.set(++producer.last, "refused")
        return refused(id, "FORBIDDEN", { sequence: "used" })
    }
  }

  function lose(link: PeerLink): void {
    waiting = waiting.filter((each) => each.link !== link)
  }

  return {
    logs,
    landed,
    get waiting() {
      return waiting.length
    },
    arrive: (message, link, from = name) => void waiting.push({ message, link, from }),
    answer(count, decision, others = "store") {
      const answered = waiting.splice(0, count)
      for (const [index, { message, link, from }] of answered.entries()) {
        const answer = reply(from, message, index === 0 ? decision : others)
        if (answer !== undefined) link.send(answer)
        else {
          lose(link)
          return link.close(1006)
        }
      }
    },
    lose,
    land() {
      for (const { key, message } of late) {
        const producer = producerOf(key)
        if (message.sequence !== producer.last + 1) continue
        const text = textOf(message)
        landed.set(text, { anew: forgotten.has(text) })
        store(producer, message.channel, text)
      }
      late = []
    },
    forget(isAcknowledged) {
      for (const [key, { records }] of producers) {
        const first = records.get(1)
        if (first !== "refused" && (first === undefined || !isAcknowledged(first.text))) continue
        producers.delete(key)
        for (const record of records.values()) if (record !== "refused") forgotten.add(record.text)
      }
      late = late.filter(({ key }) => producers.has(key))
    },
    rename(producer) {
      name = producer
    },
  }
}
