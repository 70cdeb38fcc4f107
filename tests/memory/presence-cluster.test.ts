import { afterEach, describe, expect, it } from "vitest"
import { outcomeOf } from "./chat-bed.ts"
import { ROOM } from "./presence-bed.ts"
import { HOSTS, look, names, type PresenceCluster, type Roamer, startCluster } from "./presence-cluster-bed.ts"

let cluster: PresenceCluster
afterEach(() => cluster.close())

const [A, B, C] = HOSTS
const bedOf = () => ({ clock: cluster.env.clock })
const pass = (ms: number): Promise<void> => cluster.env.clock.advance(ms)

/** One watcher on each node, and what each sees from now on. */
async function watchers(): Promise<{ readonly each: readonly Roamer[]; readonly seen: readonly string[][] }> {
  const each = HOSTS.map((host) => cluster.roamer(`eve-${host}`, host))
  await cluster.env.clock.until(() => each.every(({ room }) => room.state.state === "live"))
  return { each, seen: each.map(({ room }) => look(room)) }
}

const everybodySees = (each: readonly Roamer[], expected: readonly string[]) => () =>
  each.every(({ room }) => names(room).join() === expected.join())

describe("members of several nodes", () => {
  it("are seen on every node, come, change and go there within moments, and are counted once", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    const ann = cluster.roamer("ann", A, "ann")
    const bob = cluster.roamer("bob", B, "bob")
    await cluster.env.clock.until(everybodySees(each, ["ann", "bob"]), 1_000)
    await outcomeOf(bedOf(), ann.room.update({ name: "Ann" }))
    void bob.client.close()
    await cluster.env.clock.until(everybodySees(each, ["Ann"]), 1_000)
    for (const lines of seen) expect(lines.slice().sort()).toEqual(["+ann", "+bob", "-bob", "~Ann"])
    for (const { room } of each) expect(room.counts).toEqual({ members: 1, users: 1 })
  })

  it("stay, at whatever time they come to a room that was empty on their node", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    for (let emptyMs = 1_000; emptyMs <= 25_000; emptyMs += 500) {
      const ann = cluster.roamer("ann", A, "ann")
      await cluster.env.clock.until(everybodySees(each, ["ann"]), 1_000)
      await pass(2_500)
      expect(seen, `after ${emptyMs - 500} ms without anybody`).toEqual(HOSTS.map(() => ["+ann"]))
      void ann.client.close()
      await cluster.env.clock.until(everybodySees(each, []), 1_000)
      for (const lines of seen) (lines as string[]).length = 0
      await pass(emptyMs)
    }
  })

  it("are known to a node that begins to follow the room long after they came", async () => {
    cluster = await startCluster()
    for (const [index, host] of HOSTS.entries()) cluster.roamer(`u${index}`, host, `m${index}`)
    await pass(10_000)
    const late = cluster.roamer("late", C)
    await cluster.env.clock.until(() => names(late.room).length === 3, 2_000)
    const page = await outcomeOf(bedOf(), cluster.core(B).channel("room/b").presence.page())
    expect(page).toMatchObject({ members: [], missing: [], counts: { members: 0, users: 0 } })
  })

  it("are read by server code on a node that did not follow the room, and nodes that do not answer are named", async () => {
    cluster = await startCluster()
    cluster.roamer("ann", A, "ann")
    await pass(5_000)
    const there = cluster.core(B).channel(ROOM).presence
    expect(there.counts.members).toBe(0)
    const whole = await outcomeOf(bedOf(), there.page())
    expect([whole.members.map(({ user }) => user), whole.missing]).toEqual([["ann"], []])
    cluster.bus.cut(A)
    const partial = await outcomeOf(bedOf(), cluster.core(C).channel(ROOM).presence.page({ timeoutMs: 3_000 }))
    expect(partial.members).toEqual([])
    expect(partial.missing).toHaveLength(1)
    expect(partial.missing[0]).toMatch(/^a\.test\./)
    cluster.bus.heal(A)
  })
})

describe("a session that moves to another node", () => {
  it("[I20] is seen by nobody, whether the old node noticed or not", async () => {
    cluster = await startCluster()
    const ann = cluster.roamer("ann", A, "ann")
    const { each, seen } = await watchers()
    await cluster.env.clock.until(everybodySees(each, ["ann"]))
    for (const lines of seen) lines.length = 0
    for (const [host, how] of [
      [B, "reset"],
      [C, "strand"],
      [A, "strand"],
      [B, "reset"],
    ] as const) {
      ann.goTo(host)
      cluster.network[how](ann.address)
      await pass(20_000)
    }
    expect(ann.client.status.state).toBe("online")
    expect(seen).toEqual([[], [], []])
    expect(each.map(({ room }) => room.counts.members)).toEqual([1, 1, 1])
  })

  it("[I20] and leaves there at once leaves everywhere, though its old node still holds its half-open link", async () => {
    cluster = await startCluster()
    const ann = cluster.roamer("ann", A, "ann")
    const { each, seen } = await watchers()
    await cluster.env.clock.until(everybodySees(each, ["ann"]))
    for (const lines of seen) lines.length = 0
    ann.goTo(B)
    const clientNoticed = (): boolean => cluster.core(B).connections.ofUser("ann").length === 1
    cluster.network.strand(ann.address)
    await cluster.env.clock.until(clientNoticed, 60_000)
    await pass(100)
    void ann.client.close()
    await pass(1_000)
    expect(seen).toEqual([["-ann"], ["-ann"], ["-ann"]])
    await pass(60_000)
    expect(seen).toEqual([["-ann"], ["-ann"], ["-ann"]])
  })

  it("[I20] and leaves there is not seen by a node that begins to follow the room, though its old node may still hold it", async () => {
    cluster = await startCluster()
    const ann = cluster.roamer("ann", A, "ann")
    await cluster.env.clock.until(() => ann.room.members.size === 1)
    ann.goTo(B)
    cluster.network.strand(ann.address)
    await cluster.env.clock.until(() => cluster.core(B).connections.ofUser("ann").length === 1, 60_000)
    await pass(100)
    void ann.client.close()
    await pass(100)
    const late = cluster.roamer("late", C)
    const seen = look(late.room)
    await pass(2_000)
    expect([seen, late.room.counts.members]).toEqual([[], 0])
  })
})

describe("a node that dies", () => {
  it("[I20] takes its members with it exactly once, after the lease, and only those that did not move", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    const stays = cluster.roamer("stays", A, "stays")
    cluster.roamer("dies", A, "dies")
    const moves = cluster.roamer("moves", A, "moves")
    await cluster.env.clock.until(everybodySees(each, ["dies", "moves", "stays"]))
    for (const lines of seen) lines.length = 0
    stays.goTo(B)
    moves.goTo(C)
    each[0]?.goTo(B)
    cluster.kill(A)
    await pass(9_000)
    expect(seen).toEqual([[], [], []])
    await pass(60_000)
    expect(seen).toEqual([["-dies"], ["-dies"], ["-dies"]])
    expect(each.map(({ room }) => room.counts)).toEqual(Array.from({ length: 3 }, () => ({ members: 2, users: 2 })))
  })

  it("[I20] and comes back under another name shows nobody's leaving of those who came back to it", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    cluster.roamer("ann", A, "ann")
    cluster.roamer("bob", B, "bob")
    await cluster.env.clock.until(everybodySees(each, ["ann", "bob"]))
    for (const lines of seen) lines.length = 0
    cluster.kill(A)
    await pass(2_000)
    await cluster.start(A)
    await pass(60_000)
    expect(seen).toEqual([[], [], []])
    expect(each.map(({ room }) => names(room))).toEqual([
      ["ann", "bob"],
      ["ann", "bob"],
      ["ann", "bob"],
    ])
  })

  it("[I20] that stood still for longer than the lease does not take its neighbours for dead", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    cluster.roamer("ann", A, "ann")
    await cluster.env.clock.until(everybodySees(each, ["ann"]))
    for (const lines of seen) lines.length = 0
    cluster.pause(C)
    await pass(30_000)
    cluster.resume(C)
    await pass(30_000)
    expect(seen[2]).toEqual([])
    expect(names(each[2]?.room as never)).toEqual(["ann"])
  })
})

describe("a bus that loses", () => {
  it("[F74] a third of everything leaves no ghost and nobody out, within three digests after it is whole", async () => {
    cluster = await startCluster({ seed: "loss" })
    const { each } = await watchers()
    cluster.bus.lose(0.34)
    const random = cluster.env.random.fork("crowd")
    const here = new Map<string, Roamer>()
    for (let round = 0; round < 60; round++) {
      const name = `m${String(round).padStart(2, "0")}`
      here.set(name, cluster.roamer(name, random.pick(HOSTS), name))
      await pass(random.integer(50, 400))
      const [gone, its] = random.pick([...here])
      if (round % 2 === 0) continue
      here.delete(gone)
      void its.client.close()
    }
    cluster.bus.lose(0)
    await pass(6_500)
    for (const { room } of each) expect(names(room)).toEqual([...here.keys()].sort())
  })

  it("[F74] everything between two nodes for longer than the lease lets each see the other's members leave once, and join once when it heals", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    cluster.roamer("ann", A, "ann")
    cluster.roamer("bob", B, "bob")
    await cluster.env.clock.until(everybodySees(each, ["ann", "bob"]))
    for (const lines of seen) lines.length = 0
    cluster.bus.cut(A, B)
    await pass(30_000)
    expect(seen).toEqual([["-bob"], ["-ann"], []])
    cluster.bus.heal(A, B)
    await pass(5_000)
    expect(seen).toEqual([["-bob", "+bob"], ["-ann", "+ann"], []])
  })

  it("[F74] everything for less than the lease is seen by nobody, and what changed meanwhile once it heals", async () => {
    cluster = await startCluster()
    const { each, seen } = await watchers()
    const ann = cluster.roamer("ann", A, "ann")
    await cluster.env.clock.until(everybodySees(each, ["ann"]))
    for (const lines of seen) lines.length = 0
    cluster.bus.cut(A)
    await outcomeOf(bedOf(), ann.room.update({ name: "Ann" }))
    await pass(6_000)
    expect(seen).toEqual([["~Ann"], [], []])
    cluster.bus.heal(A)
    await pass(5_000)
    expect(seen).toEqual([["~Ann"], ["~Ann"], ["~Ann"]])
  })
})

describe("a large room", () => {
  it("asks only for what it lacks: a lost change of one costs a bucket, not the room", async () => {
    cluster = await startCluster({ hosts: [A, B], limits: { connectionsPerAddress: 5_000, handshakesPerSecond: 100_000 } })
    const eve = cluster.roamer("eve", B)
    const pad = "x".repeat(1_500)
    const crowd = Array.from({ length: 100 }, (_, index) => cluster.roamer(`u${index}`, A))
    for (const { room } of crowd) void room.enter({ name: "n", pad })
    await cluster.env.clock.until(() => eve.room.members.size === 100, 60_000)
    await pass(10_000)
    const before = cluster.bus.deliveredBytes
    cluster.bus.cut(A)
    await outcomeOf(bedOf(), crowd[7]?.room.update({ name: "lost", pad }) ?? Promise.resolve())
    await pass(500)
    cluster.bus.heal(A)
    await cluster.env.clock.until(() => [...eve.room.members.values()].some(({ state }) => state.name === "lost"), 6_000)
    expect(cluster.bus.deliveredBytes - before).toBeLessThan(60_000)
  })
})

describe("server code", () => {
  it("[G12] that reads who is there while its server closes, or afterwards, is told so, and nothing is left of it", async () => {
    cluster = await startCluster()
    cluster.bus.cut(A)
    const core = cluster.core(C)
    const { presence } = core.channel(ROOM)
    const failures: unknown[] = []
    const note = (failure: { code: string }): unknown => failures.push(failure.code)
    presence.page({ timeoutMs: 3_600_000 }).catch(note)
    await pass(1_000)
    void core.close({ spreadMs: 0 })
    await pass(1_000)
    expect(failures).toEqual(["CLOSED"])
    presence.page().catch(note)
    await pass(1_000)
    expect(failures).toEqual(["CLOSED", "CLOSED"])
  })
})
