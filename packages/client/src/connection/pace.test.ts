import { fakeClock } from "@magpie/testing"
import { expect, test } from "vitest"
import { begin, clientUnderTest, watch } from "../client-under-test.fixture.ts"
import { commands } from "../command/index.ts"
import { createPace } from "./pace.ts"

test("lets twice the rate go at once, then the rate, a twentieth below the server's", async () => {
  const clock = fakeClock()
  const pace = createPace(clock, 100)
  let left = 0
  const leave = (): void => {
    for (; pace.delayMs(0) === 0; left++) pace.take()
  }
  leave()
  expect(left).toBe(190)
  for (let second = 1; second <= 10; second++) {
    await clock.advance(1_000)
    leave()
    expect(left).toBe(190 + 95 * second)
  }
  expect(pace.delayMs(94)).toBeCloseTo(1_000)
  pace.take()
  expect(pace.delayMs(93)).toBeCloseTo(1_000)
})

test("without a rate nothing waits, and the lowest rate lets something through", () => {
  expect(createPace(fakeClock(), undefined).delayMs(1_000_000)).toBe(0)
  const slow = createPace(fakeClock(), 0.1)
  expect(slow.delayMs(0)).toBe(0)
  slow.take()
  expect(slow.delayMs(0)).toBeGreaterThan(10_000)
})

async function paced(messagesPerSecond: number) {
  const made = clientUnderTest({ polite: false, heartbeatMs: 1_000 })
  await made.clock.settle()
  made.peer.onMessage = (message, link) => {
    if (message.type === "ping") link.send({ type: "pong", id: message.id })
  }
  made.peer.link.welcome({ messagesPerSecond })
  await made.clock.settle()
  return made
}

test("what goes beyond the server's rate waits in order and leaves as the rate allows, and pings go first", async () => {
  const { clock, peer, client } = await paced(10)
  const room = client.channel("chat/lobby")
  await begin({ client, clock, peer })
  for (let index = 1; index < 250; index++) watch(room.send("say", { text: `${index}` }))
  await clock.settle()
  expect(peer.link.of("publish")).toHaveLength(19)
  await clock.advance(10_000)
  const pings = peer.link.of("ping").length
  expect(pings).toBeGreaterThan(1)
  expect(peer.link.of("publish").length + pings).toBeGreaterThan(110)
  expect(peer.link.received.length - 1).toBeLessThanOrEqual(114)
  // None is asked again for having waited here.
  await clock.advance(18_000)
  expect(peer.link.of("publish").map(({ sequence }) => sequence)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1))
  expect(client.status.state).toBe("online")
  expect(peer.links).toHaveLength(1)
})

test("[G5] what is asked for does not wait behind publishes that wait for the rate, and stays in order", async () => {
  const { clock, peer, client } = await paced(10)
  await begin({ client, clock, peer })
  for (let index = 1; index < 250; index++) watch(client.channel("chat/lobby").send("say", { text: `${index}` }))
  await clock.advance(1_000)
  const published = peer.link.of("publish").length
  client.channel("chat/one").on("say", () => {})
  client.channel("chat/two").on("say", () => {})
  await clock.advance(500)
  expect(peer.link.of("subscribe").map(({ channel }) => channel)).toEqual(["chat/one", "chat/two"])
  await clock.advance(1_000)
  expect(peer.link.of("publish").length).toBeGreaterThan(published + 5)
  expect(peer.link.of("publish").map(({ sequence }) => sequence)).toEqual(peer.link.of("publish").map((_, index) => index + 1))
})

test("a broadcast that would wait long is refused, so that they never pile up", async () => {
  const made = await paced(10)
  const send = () => watch(made.client.channel("typing/a").sendAcknowledged("dot", { x: 1 }))
  const sends = Array.from({ length: 100 }, send)
  await made.clock.settle()
  const refused = sends.filter(({ code }) => code === "RATE_LIMITED").length
  expect(refused).toBeGreaterThan(60)
  await made.clock.advance(2_000)
  expect(made.peer.link.of("publish")).toHaveLength(100 - refused)
})

test("[G12] a link that ends takes what waits for its turn along, and leaves no timer", async () => {
  const { clock, peer, client } = await paced(10)
  await begin({ client, clock, peer })
  for (let index = 1; index < 50; index++) watch(client.channel("chat/lobby").send("say", { text: `${index}` }))
  await clock.settle()
  const closed = client.close()
  await clock.advance(1_000)
  await closed
  expect(clock.pendingTimers).toBe(0)
  expect(peer.link.of("publish")).toHaveLength(19)
})

test("[G9] commands wait for the rate however many there are, also on a welcome, which goes on behind them", async () => {
  const { clock, peer, client } = await paced(10)
  const device = commands(client.channel("device/one"))
  const asked = Array.from({ length: 60 }, (_, index) => watch(device.cancel(`c${index}`)))
  await clock.advance(100)
  peer.link.close(1006, "")
  await clock.advance(2_000)
  peer.link.welcome({ messagesPerSecond: 10 })
  await clock.advance(10_000)
  expect(client.status.state).toBe("online")
  expect(new Set(peer.link.of("publish").map(({ data }) => (data as { command: string }).command)).size).toBe(60)
  expect(asked.filter(({ code }) => code !== undefined)).toEqual([])
})
