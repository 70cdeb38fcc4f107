import { describe, expect, test } from "vitest"
import { clustersClosedAfterEach, HOSTS } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()

describe("a broadcast between servers", () => {
  /** A client on each server that follows a channel, and what each has heard of it. */
  async function begin() {
    const cluster = await startCluster()
    const heard: number[][] = HOSTS.map(() => [])
    const rooms = HOSTS.map((host) => cluster.client(host, `user of ${host}`).channel("cursor/lobby"))
    for (const [index, room] of rooms.entries()) room.on("move", ({ data }) => heard[index]?.push(data.x))
    await cluster.env.clock.until(() => rooms.every(({ subscription }) => subscription.state.state === "live"))
    const [here, there] = rooms
    if (here === undefined || there === undefined) throw new Error("there are two hosts")
    return { ...cluster, heard, here, there }
  }

  test("reaches who follows on any of them, once, with who sent it", async () => {
    const { env, server, heard, here, there } = await begin()
    const senders: unknown[] = []
    there.on("move", ({ from }) => senders.push(from))
    here.send("move", { x: 1 })
    await env.clock.advance(1_000)
    server(1).channel("cursor/lobby").publish("move", { x: 2 })
    await env.clock.advance(1_000)
    expect(heard).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(senders).toEqual(["user of a.test", undefined])
  })

  test("[G3] keeps the order of one server's, also where the bus lets one overtake another", async () => {
    const { env, server, bus, heard } = await begin()
    const channel = server(0).channel("cursor/lobby")
    for (let x = 1; x <= 200; x++) {
      channel.publish("move", { x })
      await env.clock.advance(1)
    }
    await env.clock.advance(1_000)
    const [here = [], there = []] = heard
    expect(here).toHaveLength(200)
    expect(there).toEqual([...there].sort((a, b) => a - b))
    expect(new Set(there).size).toBe(there.length)
    expect(there.length).toBeGreaterThan(20)
    expect(bus.delivered).toBe(200)
  })

  test("costs a server nothing where nobody follows", async () => {
    const { env, bus, server, here, there } = await begin()
    there.unsubscribe()
    await env.clock.until(() => there.subscription.state.state === "idle")
    await env.clock.advance(1_000)
    here.send("move", { x: 1 })
    server(1).channel("cursor/other").publish("move", { x: 2 })
    await env.clock.advance(1_000)
    expect(bus.delivered).toBe(0)
  })

  test("goes to nobody where the bus cannot carry it, and its publisher is told", async () => {
    const { env, server, heard } = await begin()
    const tooLong = { x: 1, pad: "x".repeat(140_000) }
    expect(() => server(0).channel("cursor/lobby").publish("move", tooLong)).toThrow(expect.objectContaining({ code: "TOO_LARGE" }))
    await env.clock.advance(1_000)
    expect(heard).toEqual([[], []])
  })
})
