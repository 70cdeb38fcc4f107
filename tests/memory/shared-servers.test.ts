import { expect, test } from "vitest"
import { clustersClosedAfterEach, HOSTS } from "./server-cluster.ts"

const startCluster = clustersClosedAfterEach()

test("[G3] what is sent on one server is heard on the other, in one order, and found in its history", async () => {
  const { env, client } = await startCluster()
  const heard: string[][] = HOSTS.map(() => [])
  const rooms = HOSTS.map((host) => client(host).channel("chat/lobby"))
  for (const [index, room] of rooms.entries()) room.on("say", ({ data }) => heard[index]?.push(data.text))
  await env.clock.until(() => rooms.every(({ subscription }) => subscription.state.state === "live"))
  const sent: unknown[] = []
  for (let number = 0; number < 20; number++) {
    void rooms[number % 2]?.send("say", { text: String(number) }).then(() => sent.push(number))
  }
  await env.clock.until(() => sent.length === 20 && heard.every((texts) => texts.length >= 20))
  expect(heard[0]).toEqual(heard[1])
  expect(new Set(heard[0]).size).toBe(20)
})

test("[F70] a subscriber is told of a new epoch while it listens, and then hears what comes", async () => {
  const { env, model, client } = await startCluster()
  const rooms = HOSTS.map((host) => client(host).channel("chat/lobby"))
  const heard: string[] = []
  const gaps: string[] = []
  rooms[1]?.on("say", ({ data }) => heard.push(data.text))
  rooms[1]?.subscription.on("gap", ({ reason }) => gaps.push(reason))
  const sent: unknown[] = []
  const send = (text: string): void => void rooms[0]?.send("say", { text }).then(() => sent.push(text))
  for (const text of ["one", "two", "three"]) send(text)
  await env.clock.until(() => sent.length === 3 && heard.length === 3)
  model.restart({ lose: 1 })
  await env.clock.until(() => gaps.length > 0)
  send("four")
  await env.clock.until(() => sent.length === 4 && heard.includes("four"))
  expect(gaps).toEqual(["epoch"])
})

test("[F35] [G10] a revoked user is sent away from every server within a second and stays out", async () => {
  const { env, logs, client } = await startCluster()
  const closes: unknown[] = []
  for (const host of HOSTS) {
    const one = client(host, "mallory")
    one.channel("chat/lobby").on("say", () => {})
    one.on("status", ({ to }) => closes.push(to))
  }
  const other = client("a.test", "ada").channel("chat/lobby")
  other.on("say", () => {})
  await env.clock.until(() => other.subscription.state.state === "live")
  await env.clock.advance(1_000)
  closes.length = 0
  let revoked = false
  void logs[0]?.control.revoke({ user: "mallory", until: env.clock.now() + 3_600_000 }).then(() => {
    revoked = true
  })
  await env.clock.until(() => revoked)
  await env.clock.advance(1_000)
  expect(closes).toHaveLength(2)
  expect(other.subscription.state.state).toBe("live")
})

test("[G10] a server that does not hear of revocations lets nobody in and grants nothing, and later does", async () => {
  const { env, model, client } = await startCluster()
  model.cut("b.test")
  await env.clock.advance(2_000)
  const room = client("b.test", "ada").channel("chat/lobby")
  room.on("say", () => {})
  await env.clock.advance(5_000)
  expect(room.subscription.state.state).not.toBe("live")
  model.heal("b.test")
  await env.clock.until(() => room.subscription.state.state === "live")
})

test("[F35] [G10] a server that stops hearing of revocations stops delivering to whoever has a name, and nobody revoked hears more", async () => {
  const { env, logs, server, client, holdControl } = await startCluster()
  const [mallory, ada, nobody] = [client("b.test", "mallory"), client("b.test", "ada"), client("b.test")].map((one) => {
    const { subscription, on } = one.channel("chat/lobby")
    const heard: string[] = []
    on("say", ({ data }) => heard.push(data.text))
    one.channel("cursor/lobby").on("move", ({ data }) => heard.push(`at ${data.x}`))
    return { heard, subscription, isLive: () => subscription.state.state === "live" }
  })
  await env.clock.until(() => [mallory, ada, nobody].every((one) => one?.isLive()))
  await env.clock.advance(1_000)
  const room = client("a.test", "bob").channel("chat/lobby")
  holdControl(true)
  let revoked = false
  void logs[0]?.control.revoke({ user: "mallory", until: env.clock.now() + 3_600_000 }).then(() => {
    revoked = true
  })
  await env.clock.until(() => revoked)
  await env.clock.advance(1_300)
  expect([logs[1]?.control.fresh, server(1).ready]).toEqual([false, false])
  for (const text of ["1", "2", "3", "4", "5"]) {
    void room.send("say", { text })
    server(1)
      .channel("cursor/lobby")
      .publish("move", { x: Number(text) })
    await env.clock.advance(2_000)
  }
  expect([mallory?.heard, ada?.heard, nobody?.heard.length]).toEqual([[], [], 10])
  holdControl(false)
  await env.clock.until(() => ada?.isLive() === true && ada.heard.length === 5)
  await env.clock.advance(5_000)
  expect([mallory?.heard, mallory?.isLive(), ada?.heard, server(1).ready]).toEqual([[], false, ["1", "2", "3", "4", "5"], true])
})
