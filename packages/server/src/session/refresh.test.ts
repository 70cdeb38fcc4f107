import { type DurableLog, memoryStorage, openDurableLog } from "@magpie/journal"
import { broadcast, contract, json } from "@magpie/protocol"
import { fakeCrypto, fakeEnv, memoryNetwork, rawConnection } from "@magpie/testing"
import { expect, it } from "vitest"
import { createCore } from "../core/core.ts"
import { checkOptions } from "../options.ts"

const app = contract({ "room/:id": broadcast({ messages: { wave: json() }, presence: json() }) })
const ROOMS = ["room/a", "room/b"] as const

/** The same with one property in place of its own. */
function withOwn<T extends object>(it: T, property: string, value: () => unknown): T {
  return new Proxy(it, {
    get(its, name) {
      if (name === property) return value()
      const own: unknown = Reflect.get(its, name)
      return typeof own === "function" ? own.bind(its) : own
    },
  })
}

/** A server whose word on how fresh it is the test gives, and one connection that is in two rooms. */
async function setUp() {
  const env = fakeEnv()
  const network = memoryNetwork(env)
  let opened: DurableLog | undefined
  void openDurableLog({ storage: memoryStorage(), env, settings: { retention: {}, deduplicationMs: 60_000 } }).then((log) => {
    opened = log
  })
  await env.clock.until(() => opened !== undefined)
  const log = opened as unknown as DurableLog
  const state = { isFresh: true, authorize: (): boolean | Promise<boolean> => true }
  const control = withOwn(log.control, "fresh", () => state.isFresh)
  const options = checkOptions({ auth: { authenticate: ({ token }) => (token === undefined ? undefined : { user: { id: token } }) } })
  const core = createCore(
    app,
    options,
    withOwn(log, "control", () => control),
    { ...env, crypto: fakeCrypto },
  )
  core.channel("room/:id", { authorize: () => state.authorize() })
  network.listen("a", core)
  const raw = rawConnection(network, { host: "a" })
  raw.send({ type: "hello", version: 1, token: "ann" })
  for (const channel of ROOMS) raw.send({ type: "subscribe", channel }, { type: "watch", channel }, { type: "enter", channel, state: 1 })
  await env.clock.settle()
  expect(raw.of("entered")).toHaveLength(2)
  return { env, core, raw, state }
}

it("[G10] a watcher is told nothing more, not even that all is as it was, by a node that may not know who was revoked", async () => {
  const { env, core, raw, state } = await setUp()
  await env.clock.advance(500)
  const heard = raw.of("presence").length
  state.isFresh = false
  await env.clock.advance(5_000)
  expect(raw.of("presence")).toHaveLength(heard)
  expect(raw.of("unwatched").map(({ code }) => code)).toEqual(["UNAVAILABLE", "UNAVAILABLE"])
  void core.close({ spreadMs: 0 })
  await env.clock.advance(1_000)
})

it("[G10] [F34] nothing goes on by the rights of an old token where the fresh one's could not be asked for", async () => {
  const { env, core, raw, state } = await setUp()
  state.authorize = async () => {
    state.isFresh = false
    return false
  }
  raw.send({ type: "token", id: 7, token: "ann" })
  await env.clock.settle()
  state.isFresh = true
  expect(raw.of("token")).toHaveLength(1)
  for (const channel of ROOMS) core.channel(channel).publish("wave", 1)
  await env.clock.advance(5_000)
  expect(raw.of("message")).toEqual([])
  const ended = (type: string) => raw.of(type).map(({ channel, code }) => `${channel} ${code}`)
  expect(ended("unsubscribed")).toEqual(ROOMS.map((room) => `${room} UNAVAILABLE`))
  // Who comes back with the right to it has never left.
  expect([raw.closedWith?.code, core.channel("room/a").presence.counts.members]).toEqual([1013, 1])
  await env.clock.advance(60_000)
  expect(core.channel("room/a").presence.counts.members).toBe(0)
  void core.close({ spreadMs: 0 })
  await env.clock.advance(1_000)
})
