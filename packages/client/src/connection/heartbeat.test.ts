import { expect, test } from "vitest"
import { clientUnderTest } from "../client-under-test.fixture.ts"

test("[F64] asks after silence and measures the round trip", async () => {
  const { clock, peer, client } = clientUnderTest()
  peer.onMessage = (message, link) => {
    if (message.type === "hello") link.welcome()
    if (message.type === "ping") clock.setTimer(40, () => link.send({ type: "pong", id: message.id }))
  }
  await clock.advance(14_999)
  expect(peer.link.of("ping")).toHaveLength(0)
  await clock.advance(100)
  expect(peer.link.of("ping")).toHaveLength(1)
  expect(client.statistics.roundTripMs).toBe(40)
})

test("[F64] notices a half-open link within heartbeat and pong timeout, closes it with 4002 and reconnects", async () => {
  const { clock, peer, client } = clientUnderTest()
  await clock.settle()
  const dead = peer.link
  dead.drop()
  await clock.advance(19_999)
  expect(client.status.state).toBe("online")
  await clock.advance(1)
  expect(dead.closedWith?.code).toBe(4002)
  await clock.until(() => client.status.state === "online")
  expect(peer.links).toHaveLength(2)
})

test("decides by an unanswered ping, not by silence: any frame is a sign of life", async () => {
  const { clock, peer, client } = clientUnderTest({ polite: false })
  await clock.settle()
  peer.link.welcome()
  await clock.advance(15_000)
  expect(peer.link.of("ping")).toHaveLength(1)
  peer.link.send({ type: "position", channel: "nobody", position: { epoch: "e", offset: 1 } })
  await clock.advance(14_000)
  expect(client.status.state).toBe("online")
})

test("[F63] probes at once on wake, and a live link survives a sleep of an hour", async () => {
  const { clock, peer, client, machine } = clientUnderTest()
  await clock.advance(14_000)
  clock.sleep(3_600_000)
  machine.wake()
  await clock.settle()
  expect(peer.link.of("ping")).toHaveLength(1)
  await clock.advance(30_000)
  expect(client.status.state).toBe("online")
  expect(peer.links).toHaveLength(1)
})

test("[F63] a sleep between ping and pong is not taken for a dead server", async () => {
  const { clock, peer, client } = clientUnderTest({ polite: false })
  await clock.settle()
  peer.link.welcome()
  await clock.advance(15_000)
  clock.sleep(3_600_000)
  await clock.advance(1)
  expect(client.status.state).toBe("online")
  expect(peer.link.of("ping")).toHaveLength(2)
  await clock.advance(5_000)
  expect(client.status.state).toBe("reconnecting")
})

test("[F63] after a wake a dead link is noticed within the pong timeout", async () => {
  const { clock, peer, client, machine } = clientUnderTest()
  await clock.settle()
  peer.link.drop()
  clock.sleep(300_000)
  machine.wake()
  await clock.advance(5_000)
  expect(client.status.state).not.toBe("online")
})

test("[F63] a wall clock that jumps a day in either direction changes nothing", async () => {
  const { clock, peer, client } = clientUnderTest()
  await clock.settle()
  for (const ms of [86_400_000, -2 * 86_400_000]) {
    clock.jumpWallClock(ms)
    await clock.advance(60_000)
  }
  expect(client.status.state).toBe("online")
  expect(peer.links).toHaveLength(1)
  expect(clock.pendingTimers).toBe(1)
})
