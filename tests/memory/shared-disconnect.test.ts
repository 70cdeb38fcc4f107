import type { CoreOptions } from "@magpie/server/core"
import type { RawConnection } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { type ClusterOptions, clustersClosedAfterEach, type ServerCluster } from "./server-cluster.ts"

const HOSTS = ["a.test", "b.test", "c.test"]
/** More users than one message between nodes names. */
const CROWD = [...Array.from({ length: 250 }, (_, index) => `user-${index}`), "bob"]
const RIGHTS: Readonly<Record<string, object>> = {
  desk: { may: ["disconnect"], users: "any" },
  "desk-of-ann": { may: ["disconnect"], users: ["ann"] },
  "desk-of-many": { may: ["disconnect"], users: CROWD },
}

/** A token or key in the clear is its user's name. */
const auth: CoreOptions["auth"] = {
  authenticate: ({ token, key }) => {
    const id = key ?? token
    return id === undefined ? { user: undefined } : { user: { id, api: RIGHTS[id] } }
  },
}

/** What a server answers to a back end. */
async function disconnect(cluster: ServerCluster, index: number, body: object, key = "desk"): Promise<object> {
  const { api } = cluster.server(index)
  if (api === undefined) throw new Error("there is no API")
  const headers = { "content-type": ["application/json"], "x-api-key": [key] }
  const readBody = async (): Promise<Uint8Array> => Buffer.from(JSON.stringify(body))
  const request = { method: "POST", target: "/magpie/api/v1/disconnect", headers, address: "192.0.2.1", readBody }
  const answer = await cluster.settled(api(request))
  return { status: answer.status, ...JSON.parse(answer.body) }
}

describe("disconnecting by a back end, with three nodes", () => {
  const begin = clustersClosedAfterEach()
  const start = (options: ClusterOptions = {}): Promise<ServerCluster> => begin({ auth, hosts: HOSTS, ...options })

  async function enter(cluster: ServerCluster, host: string, token?: string): Promise<RawConnection> {
    const raw = cluster.raw(host, token === undefined ? {} : { token })
    await cluster.env.clock.until(() => raw.of("welcome").length > 0)
    return raw
  }

  const codes = (raws: readonly RawConnection[]): (number | undefined)[] => raws.map(({ closedWith }) => closedWith?.code)

  /** The bus is as far as a few milliseconds. */
  const heard = (cluster: ServerCluster): Promise<void> => cluster.env.clock.advance(50)

  it("closes all connections of a user on every node, and says how many there were on the one that was asked", async () => {
    const cluster = await start()
    const anns = []
    for (const host of [...HOSTS, "a.test"]) anns.push(await enter(cluster, host, "ann"))
    const bob = await enter(cluster, "b.test", "bob")
    expect(await disconnect(cluster, 0, { user: "ann" })).toEqual({ status: 200, disconnected: 2, othersTold: true })
    await heard(cluster)
    expect(codes([...anns, bob])).toEqual([4008, 4008, 4008, 4008, undefined])
    // Once more: nothing is left to do.
    expect(await disconnect(cluster, 0, { user: "ann" })).toEqual({ status: 200, disconnected: 0, othersTold: true })
    await heard(cluster)
    const again = await enter(cluster, "c.test", "ann")
    expect(await disconnect(cluster, 1, { user: "ann", comeBack: false })).toMatchObject({ disconnected: 0 })
    await heard(cluster)
    expect(codes([again, bob])).toEqual([4503, undefined])
  })

  it("closes a connection by its id whichever node it is on, and no other", async () => {
    const cluster = await start()
    const [first, second] = [await enter(cluster, "b.test", "ann"), await enter(cluster, "b.test", "ann")]
    const nobody = await enter(cluster, "c.test")
    const [id] = [...cluster.server(1).connections].map((connection) => connection.id)
    const [anonymous] = [...cluster.server(2).connections].map((connection) => connection.id)
    expect(await disconnect(cluster, 0, { connection: id })).toEqual({ status: 200, disconnected: 0, othersTold: true })
    expect(await disconnect(cluster, 0, { connection: anonymous })).toMatchObject({ disconnected: 0 })
    await heard(cluster)
    expect(codes([first, second, nobody])).toEqual([4008, undefined, 4008])
  })

  it("[G10] closes nobody's connection on another node but those of the users that the key names, however many", async () => {
    const cluster = await start()
    const raws = [await enter(cluster, "b.test", "bob"), await enter(cluster, "b.test", "ann"), await enter(cluster, "b.test")]
    const ids = [...cluster.server(1).connections].map((connection) => connection.id)
    for (const connection of [ids[0], ids[2], "none"])
      expect(await disconnect(cluster, 0, { connection }, "desk-of-ann")).toEqual({ status: 200, disconnected: 0, othersTold: true })
    expect(await disconnect(cluster, 0, { user: "bob" }, "desk-of-ann")).toMatchObject({ status: 403 })
    await heard(cluster)
    expect(codes(raws)).toEqual([undefined, undefined, undefined])
    for (const connection of ids) await disconnect(cluster, 0, { connection }, "desk-of-many")
    await disconnect(cluster, 2, { connection: ids[1] }, "desk-of-ann")
    await heard(cluster)
    expect(codes(raws)).toEqual([4008, 4008, undefined])
  })

  it("says that nobody else was told where there is no bus, and closes what is on this node", async () => {
    const cluster = await start({ withBus: false })
    const [here, there] = [await enter(cluster, "a.test", "ann"), await enter(cluster, "b.test", "ann")]
    expect(await disconnect(cluster, 0, { user: "ann" })).toEqual({ status: 200, disconnected: 1, othersTold: false })
    await heard(cluster)
    expect(codes([here, there])).toEqual([4008, undefined])
  })

  it("[G11] leaves alone what is no such message", async () => {
    const cluster = await start()
    const raw = await enter(cluster, "b.test", "ann")
    const bus = cluster.bus.connect("stranger")
    const target = { user: "ann" }
    const wrong = ["", "null", "[]", "{}", { target }, { origin: "x", target }, { origin: "x", close: "REVOKED" }]
    const more = [
      { origin: "x", close: "PROTOCOL", target },
      { origin: "x", close: "REVOKED", target: { user: 1 } },
      { origin: "x", close: "REVOKED", target: { connection: "x", of: "some" } },
    ]
    for (const message of [...wrong, ...more])
      bus.publish("disconnect", Buffer.from(typeof message === "string" ? message : JSON.stringify(message)))
    await heard(cluster)
    expect(raw.closedWith).toBeUndefined()
    bus.publish("disconnect", Buffer.from(JSON.stringify({ origin: "x", close: "REVOKED", target })))
    await heard(cluster)
    expect(raw.closedWith).toMatchObject({ code: 4503 })
  })
})
