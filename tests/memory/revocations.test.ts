import { type Control, type ControlChange, type DurableLog, memoryStorage, openDurableLog, type Proof } from "@magpie/journal"
import { type Limits, MagpieError } from "@magpie/protocol"
import { type Core, checkOptions, createCore, retentionOf, type User } from "@magpie/server/core"
import { fakeCrypto, fakeEnv, memoryNetwork, type RawConnection, rawConnection } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { type App, app } from "./chat-bed.ts"

const HOST = "magpie.test"
let close: () => Promise<void>
afterEach(() => close())

/** What concerns all nodes, as a test says it. */
function scriptedControl() {
  const revoked = new Set<string>()
  const listeners = new Set<(change: ControlChange) => void>()
  const control = {
    fresh: true as boolean,
    isRevoked: ({ user = "" }: Proof): boolean => revoked.has(user),
    onChange(listener: (change: ControlChange) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  } satisfies Partial<Control>
  function revoke(user: string): void {
    revoked.add(user)
    for (const listener of listeners) listener({ type: "revoked", subject: user, issuedUntil: 0, until: 0 })
  }
  return { control, revoked, revoke }
}

function withControl(log: DurableLog, control: Partial<Control>): DurableLog {
  return new Proxy(log, {
    get(target, key) {
      if (key === "control") return control
      const value: unknown = Reflect.get(target, key)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}

async function startServer(control: Partial<Control>, limits: Partial<Limits> = {}, onProven = (): void => {}) {
  const env = fakeEnv()
  const network = memoryNetwork(env)
  const authenticate = async ({ token = "" }: { readonly token: string | undefined }) => {
    onProven()
    return { user: { id: token } }
  }
  const checked = checkOptions({ limits, auth: { authenticate } })
  const settings = { retention: retentionOf(app), deduplicationMs: checked.deduplicationMs }
  const opening = openDurableLog({ storage: memoryStorage(), env, settings })
  await env.clock.settle()
  const core: Core<App, User> = createCore<App, User>(app, checked, withControl(await opening, control), { ...env, crypto: fakeCrypto })
  core.channel("chat/:room", { authorize: () => true })
  network.listen(HOST, core)
  close = async () => {
    const closing = core.close({ spreadMs: 0 })
    await env.clock.advance(10_000)
    await closing
    expect(env.clock.pendingTimers).toBe(0)
  }
  async function hello(user: string): Promise<RawConnection> {
    const raw = rawConnection(network, { host: HOST })
    raw.send({ type: "hello", version: 1, token: user })
    await env.clock.settle()
    return raw
  }
  return { clock: env.clock, hello, core, network }
}

describe("a user who is revoked", () => {
  it("[F35] [G10] between having proven who it is and being welcomed does not come in", async () => {
    const { control, revoke } = scriptedControl()
    const { hello, clock } = await startServer(control, {}, () => queueMicrotask(() => revoke("mallory")))
    const mallory = await hello("mallory")
    await clock.advance(1_000)
    expect([mallory.of("welcome"), mallory.closedWith?.code]).toEqual([[], 4502])
  })

  it("[F35] [G10] in the very moment in which it is let in is sent away at once", async () => {
    const { control, revoke } = scriptedControl()
    let asked = 0
    const isRevoked = (proof: Proof): boolean => {
      if (asked++ === 0) queueMicrotask(() => revoke("mallory"))
      return control.isRevoked(proof)
    }
    const { hello, clock } = await startServer({ ...control, isRevoked })
    const mallory = await hello("mallory")
    mallory.send({ type: "subscribe", id: 1, channel: "chat/lobby" })
    await clock.advance(1_000)
    expect([mallory.of("subscribed"), mallory.closedWith?.code]).toEqual([[], 4503])
  })

  it("[F35] [F107] [G10] is sent away when a node knows enough again, also where what is stored of somebody else is damaged", async () => {
    const { control, revoked } = scriptedControl()
    const damaged = new Set<string>()
    const isRevoked = (proof: Proof): boolean => {
      if (damaged.has(proof.user ?? "")) throw new MagpieError("STORAGE_FENCED", "the stored row is damaged")
      return control.isRevoked(proof)
    }
    const scripted = { ...control, isRevoked }
    const { hello, clock } = await startServer(scripted)
    const [ann, mallory, bob] = [await hello("ann"), await hello("mallory"), await hello("bob")]
    scripted.fresh = false
    await clock.advance(1_000)
    damaged.add("ann")
    revoked.add("mallory")
    scripted.fresh = true
    await clock.advance(1_000)
    expect([ann, mallory, bob].map((raw) => raw.closedWith?.code)).toEqual([1013, 4503, undefined])
    bob.send({ type: "subscribe", id: 1, channel: "chat/lobby" })
    await clock.advance(100)
    expect(bob.reply(1)).toMatchObject({ type: "subscribed" })
  })
})

it("[F77] [G6] a thousand subscriptions that end at once cost one that does not read no more than queuedBytes", async () => {
  const { control } = scriptedControl()
  const many = 100_000
  const rates = { messagesPerSecond: many, messagesPerUserPerSecond: many, messagesPerAddressPerSecond: many }
  const { hello, clock, core, network } = await startServer(control, { ...rates, queuedBytes: 131_072 })
  const ann = await hello("ann")
  for (let room = 0; room < 1_000; room++) ann.send({ type: "subscribe", channel: `chat/${"x".repeat(200)}${room}` })
  await clock.advance(1_000)
  expect(ann.of("subscribed")).toHaveLength(1_000)
  network.stallReaders(true)
  control.fresh = false
  let most = 0
  for (let step = 0; step < 20; step++) {
    await clock.advance(50)
    most = Math.max(most, core.counters.queuedBytes ?? 0)
  }
  expect(most).toBeGreaterThan(131_072 / 2)
  expect(most).toBeLessThanOrEqual(131_072)
  network.stallReaders(false)
  await clock.advance(1_000)
  expect(ann.closedWith?.code).toBe(4003)
})
