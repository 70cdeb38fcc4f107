import type { CoreOptions } from "@magpie/server/core"
import { describe, expect, it } from "vitest"
import { type ClusterOptions, clustersClosedAfterEach, type ServerCluster } from "./server-cluster.ts"

const HOSTS = ["a.test", "b.test", "c.test"]
const RIGHTS: Readonly<Record<string, object>> = {
  desk: { may: ["connections"], users: "any" },
  "desk-of-ann": { may: ["connections"], users: ["ann"] },
}

/** A token or key in the clear is its user's name. */
const auth: CoreOptions["auth"] = {
  authenticate: ({ token, key }) => {
    const id = key ?? token
    return id === undefined ? { user: undefined } : { user: { id, api: RIGHTS[id] } }
  },
}

interface Page {
  readonly status: number
  readonly code?: string
  readonly connections: readonly {
    readonly id: string
    readonly user: string
    readonly node: string
    readonly channels: readonly string[]
  }[]
  readonly cursor?: string
  readonly missing?: readonly string[]
}

async function list(cluster: ServerCluster, query: string, key = "desk"): Promise<Page> {
  const { api } = cluster.server(0)
  if (api === undefined) throw new Error("there is no API")
  const headers = { "x-api-key": [key] }
  const request = {
    method: "GET",
    target: `/magpie/api/v1/connections?${query}`,
    headers,
    address: "192.0.2.1",
    readBody: async () => new Uint8Array(),
  }
  const answer = await cluster.settled(api(request))
  return { status: answer.status, ...JSON.parse(answer.body) }
}

/** All pages, one after the other. */
async function listAll(cluster: ServerCluster, query: string): Promise<Page["connections"]> {
  const all: Page["connections"][number][] = []
  for (let cursor = ""; ; ) {
    const page = await list(cluster, `${query}${cursor === "" ? "" : `&cursor=${cursor}`}`)
    all.push(...page.connections)
    if (page.cursor === undefined) return all
    cursor = page.cursor
  }
}

describe("the connections of a cluster, with three nodes", () => {
  const begin = clustersClosedAfterEach()
  const start = (options: ClusterOptions = {}): Promise<ServerCluster> => begin({ auth, hosts: HOSTS, ...options })

  async function enter(cluster: ServerCluster, host: string, token: string): Promise<void> {
    const raw = cluster.raw(host, { token })
    await cluster.env.clock.until(() => raw.of("welcome").length > 0)
  }

  it("are listed by one of them, each once and with its node, page by page in one order", async () => {
    const cluster = await start()
    for (const host of HOSTS) for (const user of ["ann", "bob", "cat", "dan"]) await enter(cluster, host, user)
    const whole = await list(cluster, "of=cluster")
    expect(whole).toMatchObject({ status: 200, missing: [] })
    expect(whole.connections).toHaveLength(12)
    expect(new Set(whole.connections.map(({ node }) => node))).toEqual(new Set(cluster.logs.map(({ control }) => control.nodeId)))
    const ids = whole.connections.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort())
    for (const limit of [1, 3, 5]) {
      expect((await listAll(cluster, `of=cluster&limit=${limit}`)).map(({ id }) => id)).toEqual(ids)
    }
    const anns = await list(cluster, "of=cluster&user=ann", "desk-of-ann")
    expect(anns.connections.map(({ user }) => user)).toEqual(["ann", "ann", "ann"])
    expect(await list(cluster, "of=cluster&user=bob", "desk-of-ann")).toMatchObject({ status: 403 })
    const own = await list(cluster, "")
    expect(own.connections).toHaveLength(4)
    expect(own).not.toHaveProperty("missing")
    expect(await list(cluster, "of=everywhere")).toMatchObject({ status: 400, details: { field: "of" } })
  })

  it("name who is missing, instead of failing, and say what is known", async () => {
    const cluster = await start()
    for (const host of HOSTS) await enter(cluster, host, "ann")
    const [, , third] = cluster.logs.map(({ control }) => control.nodeId)
    cluster.bus.cut("c.test")
    const page = await list(cluster, "of=cluster")
    expect(page).toMatchObject({ status: 200, missing: [third] })
    expect(page.connections).toHaveLength(2)
    cluster.bus.heal("c.test")
    expect(await list(cluster, "of=cluster")).toMatchObject({ missing: [] })
  })

  it("are those of the one that is asked, and the others are missing, where there is no bus", async () => {
    const cluster = await start({ withBus: false })
    await enter(cluster, "a.test", "ann")
    const [, ...others] = cluster.logs.map(({ control }) => control.nodeId)
    const page = await list(cluster, "of=cluster")
    expect(page.connections).toHaveLength(1)
    expect(page.missing).toEqual([...others].sort())
  })

  it("[F46] come in more pages where one node's do not fit into a message between nodes", async () => {
    const cluster = await start({ limits: { subscriptionsPerConnection: 1_000 } })
    const COUNT = 6
    for (let index = 0; index < COUNT; index++) {
      const raw = cluster.raw("b.test", { token: "ann" })
      await cluster.env.clock.until(() => raw.of("welcome").length > 0)
      for (let channel = 0; channel < 60; channel++)
        raw.send({ type: "subscribe", id: channel, channel: `chat/${"x".repeat(200)}${channel}` })
      await cluster.env.clock.until(() => raw.of("subscribed").length === 60)
    }
    await enter(cluster, "a.test", "ann")
    const first = await list(cluster, "of=cluster")
    expect(first.connections.length).toBeLessThan(COUNT + 1)
    expect(first).toMatchObject({ missing: [], cursor: expect.any(String) })
    expect(await listAll(cluster, "of=cluster")).toHaveLength(COUNT + 1)
  })
})
