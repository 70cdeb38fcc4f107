import type { Transport } from "@magpie/client"
import { partitionOf } from "@magpie/journal"
import { describe, expect, test } from "vitest"
import { listen, numbered, say } from "./chat-bed.ts"
import { clustersClosedAfterEach, HOSTS, type ServerCluster } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()
const [A = "", B = ""] = HOSTS
const CHANNEL = "chat/a"
const isAnswer = (frame: string): boolean => frame.includes('"type":"published"')

/** A way to whichever server stands first now, as a balancer has it. */
function balanced({ network }: ServerCluster) {
  let host = A
  const inner = network.transport({ address: "192.0.2.1" })
  const through: Transport = { open: (url, protocols, events) => inner.open(url.replace(A, host), protocols, events) }
  return {
    through,
    /** From now on to the other server, by a new link. */
    moveOn(): void {
      host = B
      network.reset("192.0.2.1")
    },
  }
}

/** Ann, who publishes by the balancer, with one message stored, and a listener on each server. */
async function begin(options: Parameters<typeof startCluster>[0] = {}) {
  const cluster = await startCluster(options)
  const balancer = balanced(cluster)
  const ann = cluster.client(A, "ann", balancer.through)
  const listeners = [cluster.client(A, "bob"), cluster.client(B, "cat"), ann].map((client) => listen(client))
  await cluster.env.clock.until(() => listeners.every((one) => one.isLive()))
  expect(await cluster.settled(say(ann, "first"))).toMatchObject({ duplicate: false, position: { offset: 1 } })
  const stored = (): string[][] =>
    [0, 1].map((index) =>
      cluster
        .server(index)
        .channel(CHANNEL)
        .history({ last: 10 })
        .map(({ data }) => data.text),
    )
  return { ...cluster, balancer, ann, listeners, stored }
}

describe("a publish whose answer was lost and which is sent again to another server", () => {
  test("[F51][F52][G2] is answered with its first position, and everybody has it once", async () => {
    const { env, network, balancer, ann, listeners, settled, stored } = await begin()
    network.loseDown(isAnswer, "192.0.2.1")
    const second = say(ann, "second")
    await env.clock.until(() => listeners[0]?.heard.length === 2)
    balancer.moveOn()
    const third = say(ann, "third")
    expect(await settled(second)).toMatchObject({ duplicate: true, position: { offset: 2 } })
    expect(await settled(third)).toMatchObject({ duplicate: false, position: { offset: 3 } })
    await env.clock.advance(5_000)
    for (const one of listeners) expect(one.heard).toEqual(numbered(["first", "second", "third"]))
    expect(stored()).toEqual([
      ["first", "second", "third"],
      ["first", "second", "third"],
    ])
  })

  test("[F52][G2] is stored once where the first server stood still in the middle of it, and goes on later", async () => {
    const { env, processes, balancer, ann, listeners, settled, stored } = await begin()
    const second = say(ann, "second")
    await env.clock.advance(1)
    processes[0]?.pause()
    balancer.moveOn()
    expect(await settled(second)).toMatchObject({ position: { offset: 2 } })
    expect(await settled(say(ann, "third"))).toMatchObject({ duplicate: false, position: { offset: 3 } })
    processes[0]?.resume()
    await env.clock.advance(60_000)
    for (const one of listeners) expect(one.heard).toEqual(numbered(["first", "second", "third"]))
    expect(stored()[0]).toEqual(["first", "second", "third"])
    expect(stored()[1]).toEqual(stored()[0])
  })

  test("[F52][F68][G2] is stored once where the broker lands the first server's append behind that of the second", async () => {
    const { env, model, balancer, ann, listeners, settled, stored } = await begin()
    model.landLate(A, 1, 30_000, { partition: partitionOf(CHANNEL, 3) })
    const second = say(ann, "second")
    await env.clock.advance(100)
    balancer.moveOn()
    expect(await settled(second)).toMatchObject({ duplicate: false, position: { offset: 2 } })
    await env.clock.advance(60_000)
    for (const one of listeners) expect(one.heard).toEqual(numbered(["first", "second"]))
    expect(stored()).toEqual([
      ["first", "second"],
      ["first", "second"],
    ])
  })

  test("[F52] ten minutes later is still the same publish", async () => {
    const { env, network, balancer, ann, listeners, settled } = await begin()
    network.loseDown(isAnswer, "192.0.2.1")
    const second = say(ann, "second")
    await env.clock.until(() => listeners[0]?.heard.length === 2)
    network.cut(true, "192.0.2.1")
    await env.clock.advance(600_000)
    balancer.moveOn()
    network.cut(false, "192.0.2.1")
    expect(await settled(second)).toMatchObject({ duplicate: true, position: { offset: 2 } })
  })

  test("[F52] outside the window is called EXPIRED by the other server, and not stored again", async () => {
    const { env, network, balancer, ann, listeners, settled, stored } = await begin({ deduplicationMs: 60_000 })
    network.loseDown(isAnswer, "192.0.2.1")
    const second = say(ann, "second")
    await env.clock.until(() => listeners[0]?.heard.length === 2)
    network.cut(true, "192.0.2.1")
    await env.clock.advance(200_000)
    balancer.moveOn()
    network.cut(false, "192.0.2.1")
    await expect(settled(second)).rejects.toMatchObject({ code: "EXPIRED" })
    expect(stored()[1]).toEqual(["first", "second"])
  })
})
