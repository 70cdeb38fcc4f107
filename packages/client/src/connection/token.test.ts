import { answerPolitely } from "@magpie/testing"
import { expect, test } from "vitest"
import { clientUnderTest } from "../client-under-test.fixture.ts"

function tokens() {
  let count = 0
  return () => `t${++count}`
}

test("a fresh token is asked for before each connection", async () => {
  const { clock, peer, client } = clientUnderTest({ token: tokens() })
  await clock.settle()
  expect(peer.link.last("hello").token).toBe("t1")
  peer.link.close(4005, "token expired")
  await clock.until(() => client.status.state === "online")
  expect(peer.link.last("hello").token).toBe("t2")
})

test("a token function that fails counts as a failed attempt and is reported", async () => {
  let calls = 0
  const token = async (): Promise<string> => {
    if (++calls < 3) throw new Error("no token")
    return "t"
  }
  const { clock, client, errors, changes } = clientUnderTest({ token })
  await clock.until(() => client.status.state === "online")
  expect(errors).toEqual(["UNAUTHORIZED", "UNAUTHORIZED"])
  expect(changes.map((change) => change.to)).toEqual(["connecting", "reconnecting", "connecting", "reconnecting", "connecting", "online"])
})

test("is refreshed in place at 80 % of its life, and sooner when the server says so", async () => {
  const { clock, peer, client } = clientUnderTest({ token: tokens() })
  peer.onMessage = (message, link) => {
    if (message.type === "hello") link.welcome({ tokenExpiresInMs: 10_000 })
    else if (message.type === "token") link.send({ type: "token", id: message.id, tokenExpiresInMs: 10_000 })
    else answerPolitely(message, link)
  }
  await clock.advance(7_999)
  expect(peer.link.of("token")).toHaveLength(0)
  await clock.advance(1)
  expect(peer.link.of("token").map(({ token }) => token)).toEqual(["t2"])
  await clock.advance(8_000)
  expect(peer.link.of("token")).toHaveLength(2)
  peer.link.send({ type: "token-expiring", inMs: 1_000 })
  await clock.settle()
  expect(peer.link.of("token")).toHaveLength(3)
  expect(client.status.state).toBe("online")
})

test("a refresh that fails is reported and tried again; one that works reconsiders what was refused", async () => {
  let refuse = true
  const { clock, peer, client, errors } = clientUnderTest({ token: tokens() })
  peer.onMessage = (message, link) => {
    const error = { type: "error", message: "", remedy: "", retryable: false } as const
    if (message.type === "token" && refuse) link.send({ ...error, id: message.id, code: "UNAUTHORIZED" })
    else if (message.type === "token") link.send({ type: "token", id: message.id })
    else if (message.type === "subscribe" && refuse) link.send({ ...error, id: message.id, code: "FORBIDDEN" })
    else answerPolitely(message, link)
  }
  const lobby = client.channel("chat/lobby")
  lobby.on("say", () => {})
  await clock.settle()
  expect(lobby.subscription.state.state).toBe("refused")
  peer.link.send({ type: "token-expiring", inMs: 1_000 })
  await clock.settle()
  expect(errors).toEqual(["UNAUTHORIZED"])
  refuse = false
  await clock.advance(1_000)
  expect(peer.link.of("token").length).toBeGreaterThan(1)
  expect(lobby.subscription.state.state).toBe("live")
})

test("credentials refused at hello get one fresh try where there is a function, and none otherwise", async () => {
  for (const [token, attempts] of [
    [tokens(), 2],
    ["fixed", 1],
  ] as const) {
    for (const way of ["error", "close"] as const) {
      const { clock, peer, client } = clientUnderTest({ token })
      peer.onMessage = (_message, link) => {
        if (way === "error") link.send({ type: "error", code: "UNAUTHORIZED", message: "", remedy: "", retryable: false })
        else link.close(4502, "unauthorized")
      }
      await clock.advance(60_000)
      expect(client.status).toMatchObject({ state: "closed", cause: { code: "UNAUTHORIZED" } })
      expect(peer.links).toHaveLength(attempts)
      expect(clock.pendingTimers).toBe(0)
    }
  }
})

test("a token that fails after its attempt was given up changes nothing", async () => {
  const rejects: ((error: Error) => void)[] = []
  const token = () => new Promise<string>((_resolve, reject) => rejects.push(reject))
  const { clock, errors, changes, peer } = clientUnderTest({ token, connectTimeoutMs: 1_000 })
  await clock.advance(1_000)
  await clock.until(() => rejects.length === 2)
  const told = changes.length
  rejects[0]?.(new Error("late"))
  await clock.settle()
  expect(errors).toEqual([])
  expect(changes).toHaveLength(told)
  expect(peer.links).toHaveLength(0)
})
