import { type DurableLog, memoryStorage, openSharedLog } from "@magpie/journal"
import { broadcast, contract, json } from "@magpie/protocol"
import { busModel, fakeCrypto, fakeEnv, fakeProcess, journalModel, memoryNetwork, rawConnection } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { anonymous } from "../access/identity.ts"
import { createCore } from "../core/core.ts"
import { openingLog } from "../core/opening-log.ts"
import { checkOptions } from "../options.ts"

const app = contract({ room: broadcast({ messages: { wave: json() }, presence: json() }) })

describe("a server whose log is still being opened", () => {
  async function begin() {
    const env = fakeEnv({ seed: 1 })
    const network = memoryNetwork(env)
    const model = journalModel({ env, random: env.random.fork("journal"), partitions: 2 })
    const buses = busModel({ env, random: env.random.fork("bus") })
    const its = fakeProcess(env)
    let open: (log: DurableLog) => void = () => {}
    const opening = new Promise<DurableLog>((resolve) => {
      open = resolve
    })
    const options = checkOptions({ auth: anonymous(), sessionKey: new Uint8Array(32).fill(7) })
    const bus = buses.connect("a", its.run)
    const core = createCore(app, options, openingLog(opening, "quorum"), { ...its.env, crypto: fakeCrypto, bus })
    core.channel("room", { authorize: () => true })
    network.listen("a", core)
    const raw = rawConnection(network, { host: "a" })
    raw.send({ type: "hello", version: 1 }, { type: "watch", id: 2, channel: "room" })
    await env.clock.settle()
    return {
      ...{ env, core, raw, bus: buses.connect("b", its.run) },
      async open() {
        const settings = { retention: {}, deduplicationMs: 60_000 }
        const log = openSharedLog({ storage: memoryStorage(), journal: model.connect("a", its.run), env: its.env, settings, node: "a" })
        let isOpen = false
        void log.then((opened) => {
          isOpen = true
          open(opened)
        })
        await env.clock.until(() => isOpen)
      },
    }
  }

  it("takes watchers and hears other nodes, and speaks of its rooms once it knows its own name", async () => {
    const { env, core, raw, bus, open } = await begin()
    const heard: string[] = []
    bus.subscribe("presence", (bytes) => heard.push(new TextDecoder().decode(bytes)))
    expect(raw.reply(2)).toMatchObject({ type: "watched", counts: { members: 0, users: 0 } })
    const delta = { kind: "delta", node: "b", put: [["m1", null, 1, 0, 1, "1"]], bye: [] }
    bus.publish("presence/room", new TextEncoder().encode(JSON.stringify(delta)))
    await env.clock.advance(20_000)
    expect(raw.of("presence")[0]).toMatchObject({ joined: [{ member: "m1" }] })
    expect(heard).toEqual([])
    await open()
    await env.clock.advance(1_000)
    expect(heard.map((text) => JSON.parse(text))).toContainEqual(expect.objectContaining({ kind: "open", channels: ["room"] }))
    void core.close({ spreadMs: 0 })
    await env.clock.advance(1_000)
  })

  it("[G12] closes without its name", async () => {
    const { env, core } = await begin()
    void core.close({ spreadMs: 0 })
    await env.clock.advance(1_000)
  })
})
