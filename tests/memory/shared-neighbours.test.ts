import type { Neighbour } from "@magpie/journal"
import type { IngressRecord } from "@magpie/server"
import { type MemoryTopic, memoryTopic } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import { clustersClosedAfterEach, type ServerCluster } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

function put(topic: MemoryTopic, from: number, to: number): void {
  topic.put(...numbered(from, to).map((value) => ({ key: "lobby", value })))
}

/** The same ingress on each server, and on which of them records came. */
function begin({ server }: ServerCluster, topic: Neighbour) {
  const taken: number[] = []
  const ingresses = [0, 1].map((node) =>
    server(node).ingress({
      name: "orders",
      from: topic,
      publish(record: IngressRecord) {
        taken.push(node)
        return { channel: `chat/${record.key}` as "chat/lobby", name: "say", data: { text: record.text() } }
      },
    }),
  )
  return { taken, ingresses }
}

function texts({ server }: ServerCluster, node: number): readonly string[] {
  const found = server(node).channel("chat/lobby").history({ last: 1_000 })
  return found.map(({ data }) => data.text)
}

describe("an ingress that several servers have", () => {
  test("[G2][G3] is done by one of them, and by another a while after that one was killed", async () => {
    const cluster = await startCluster()
    const topic = memoryTopic({ page: 5 })
    const { taken } = begin(cluster, topic)
    put(topic, 1, 20)
    await cluster.env.clock.until(() => topic.unsettled === 0)
    const first = taken[0] ?? 0
    expect(new Set(taken)).toEqual(new Set([first]))
    cluster.kill(first)
    topic.drop()
    put(topic, 21, 40)
    const other = 1 - first
    await cluster.env.clock.until(() => topic.unsettled === 0)
    await cluster.env.clock.until(() => texts(cluster, other).length >= 40)
    expect(taken.at(-1)).toBe(other)
    expect(texts(cluster, other)).toEqual(numbered(1, 40))
  })

  test("is done by another at once where the one that did it ends it", async () => {
    const cluster = await startCluster()
    const topic = memoryTopic()
    const { taken, ingresses } = begin(cluster, topic)
    put(topic, 1, 3)
    await cluster.env.clock.until(() => topic.unsettled === 0)
    const first = taken[0] ?? 0
    expect(ingresses[1 - first]?.state).toBe("waiting")
    await cluster.settled(ingresses[first]?.close() ?? Promise.resolve())
    const since = cluster.env.clock.monotonic()
    await cluster.env.clock.until(() => ingresses[1 - first]?.state === "running")
    expect(cluster.env.clock.monotonic() - since).toBeLessThan(3_000)
    put(topic, 4, 6)
    await cluster.env.clock.until(() => topic.unsettled === 0)
    expect(texts(cluster, 1 - first)).toEqual(numbered(1, 6))
  })

  test("[G2][G3] stores each record once and in order while two servers believe to be the one", async () => {
    const cluster = await startCluster()
    const topic = memoryTopic({ page: 5 })
    begin(cluster, topic)
    put(topic, 1, 10)
    await cluster.env.clock.until(() => topic.unsettled === 0)
    // The second server hears nothing of the control partition for longer than the lease, also where it is the one.
    cluster.holdControl(true)
    await cluster.env.clock.advance(15_000)
    put(topic, 11, 30)
    await cluster.env.clock.advance(15_000)
    cluster.holdControl(false)
    put(topic, 31, 40)
    await cluster.env.clock.until(() => topic.unsettled === 0)
    await cluster.env.clock.until(() => [0, 1].every((node) => texts(cluster, node).length >= 40))
    expect(texts(cluster, 0)).toEqual(numbered(1, 40))
  })
})
