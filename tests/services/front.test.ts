import { connect as connectHttp2 } from "node:http2"
import type { RequestOptions } from "node:https"
import { longPoll, sse } from "@magpie/client/transports"
import { LIMITS, SUBPROTOCOL_JSON, SUBPROTOCOL_TOKEN_PREFIX } from "@magpie/protocol"
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest"
import { WebSocket } from "ws"
import { isMissing, withBroker } from "./brokers.ts"
import { type Front, startFront } from "./front-bed.ts"
import { acknowledgedBy, endOf, expectNothingNoticed, keepTalking } from "./front-load.ts"
import { type FrontNode, startFrontNode } from "./front-nodes.ts"
import { newName, until } from "./journal-bed.ts"
import { joinChat, type Talker } from "./server-bed.ts"

/** Those of an operator's own network, so to speak. */
const HOSTS = ["127.0.0.101", "127.0.0.102", "127.0.0.103"]
const FORGED = "203.0.113.7"
/** What an attempt ends with that no node has answered. */
const NO_NODE = 1006
/** Of acknowledged texts, before the next thing happens. */
const SOME = 60

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

// Nobody vouches for a test's certificate; that it is the right one, a test of its own looks at.
beforeAll(() => void vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0"))
afterAll(() => void vi.unstubAllEnvs())

async function join(url: string, options: Parameters<typeof joinChat>[1] = {}): Promise<Talker> {
  const joined = joinChat(url, options)
  ends.push(() => joined.client.close())
  await until(() => joined.isLive, "a live subscription")
  return joined
}

const joinAll = (count: number, url: string, options: () => Parameters<typeof joinChat>[1] = () => ({})): Promise<Talker[]> =>
  Promise.all(Array.from({ length: count }, () => join(url, options())))

/** A link without the client, from an address of its own, with what came down. */
function openLink(front: Front, localAddress: string, headers: Record<string, string> = {}, protocols: readonly string[] = []) {
  const socket = new WebSocket(`${front.url}/magpie`, [SUBPROTOCOL_JSON, ...protocols], { ca: front.ca, localAddress, headers })
  const heard: string[] = []
  socket.on("open", () => socket.send('{"type":"hello","version":1}'))
  socket.on("message", (frame) => heard.push(frame.toString()))
  socket.on("error", () => {})
  ends.push(() => socket.terminate())
  return { socket, heard }
}

const visitsAmong = (calls: readonly (readonly unknown[])[]): number => calls.filter(([url]) => String(url).includes("/visit")).length

for (const name of ["nginx", "haproxy"]) {
  const title = `nodes behind ${name}`
  if (await isMissing(name, title)) continue
  await withBroker({ name: "redis" }, title, (broker) => {
    let nodes: readonly FrontNode[] = []
    let front: Front
    beforeAll(async () => {
      const log = newName()
      nodes = await Promise.all(HOSTS.map((host) => startFrontNode(host, broker().port, log)))
      front = await startFront({ name, nodes })
      return async () => {
        await front.dispose()
        await Promise.all(nodes.map((node) => node.dispose()))
      }
    })

    const clients = async (): Promise<readonly string[]> => (await Promise.all(nodes.map((node) => node.clients()))).flat()

    it("[F14] a node counts a client by its own address, by every transport, whatever it says in X-Forwarded-For", async () => {
      const headers = { "X-Forwarded-For": `${FORGED}, 127.0.0.1` }
      openLink(front, "127.0.0.11", headers)
      const stream = await front.ask("/magpie/sse?channel=chat/empty", { localAddress: "127.0.0.12", headers })
      ends.push(() => stream.destroy())
      const poll = front.ask("/magpie/poll?channel=chat/empty", { localAddress: "127.0.0.13", headers })
      ends.push(() => poll.then((answer) => answer.resume()))
      await until(async () => (await clients()).length >= 3, "three clients")
      expect([...(await clients())].sort()).toEqual(["127.0.0.11", "127.0.0.12", "127.0.0.13"])
      // Whoever waits is answered when there is something.
      const talker = await join(front.url)
      await talker.client.channel("chat/empty").send("say", "something")
    })

    it("ends TLS with the certificate of the file, sends plain HTTP there, and carries an event stream over HTTP/2", async () => {
      const health = await front.ask("/magpie/api/v1/health", { rejectUnauthorized: true })
      expect(health.statusCode).toBe(200)
      const plain = await front.askPlain("/magpie?a=b")
      expect([plain.statusCode, plain.headers.location]).toEqual([308, "https://example.org/magpie?a=b"])

      const talker = await join(front.url)
      await talker.client.channel("chat/news").send("say", "over HTTP/2")
      const session = connectHttp2(`https://127.0.0.1:${front.port}`, { ca: front.ca })
      ends.push(() => session.destroy())
      const stream = session.request({ ":path": "/magpie/sse?channel=chat/news&last=1" })
      let text = ""
      stream.on("data", (piece: Buffer) => {
        text += piece.toString()
      })
      await until(() => text.includes("over HTTP/2"), "the event")
      expect(session.alpnProtocol).toBe("h2")
    })

    it("lets through what a node would take, and no larger body", async () => {
      const token = "x".repeat(LIMITS.tokenBytes.value)
      const { heard } = openLink(front, "127.0.0.14", {}, [`${SUBPROTOCOL_TOKEN_PREFIX}${token}`])
      await until(() => heard.length > 0, "a welcome, or a refusal by a node")
      const post = (bytes: number): RequestOptions => ({ method: "POST", headers: { "Content-Length": bytes } })
      const most = LIMITS.apiBodyBytes.value
      const taken = await front.ask("/magpie/api/v1/publish", post(most), new Uint8Array(most))
      const tooLarge = await front.ask("/magpie/api/v1/publish", post(most + 1))
      expect([taken.headers["content-type"], tooLarge.statusCode]).toEqual(["application/json; charset=utf-8", 413])
      expect(tooLarge.headers["content-type"]).toBe("text/html")
    })

    it.each([
      { way: "event streams", transport: sse },
      { way: "long polls", transport: longPoll },
    ])("[G1] [G3] [G4] keeps all requests of a link at one node: $way lose and double nothing", async ({ transport }) => {
      const asked = vi.spyOn(globalThis, "fetch")
      ends.push(() => asked.mockRestore())
      const talkers = await joinAll(6, front.url, () => ({ transport: transport() }))
      const loads = talkers.map((talker, index) => keepTalking(talker, `${index}`))
      await until(() => acknowledgedBy(loads) >= SOME)
      await endOf(loads, talkers)
      expectNothingNoticed(talkers, loads)
      // A node that a busy machine holds up for long may count as away.
      expect(visitsAmong(asked.mock.calls)).toBeLessThan(asked.mock.calls.length / 4)
    })

    it("[G1] [G3] [G4] needs no sticky session: where links are spread over nodes, long polls go on by visits", async () => {
      const spread = await startFront({ name, nodes, links: "spread" })
      ends.push(() => spread.dispose())
      const asked = vi.spyOn(globalThis, "fetch")
      ends.push(() => asked.mockRestore())
      const talkers = await joinAll(3, spread.url, () => ({ transport: longPoll() }))
      const loads = talkers.map((talker, index) => keepTalking(talker, `${index}`))
      await until(() => acknowledgedBy(loads) >= SOME)
      await endOf(loads, talkers)
      expectNothingNoticed(talkers, loads)
      expect(visitsAmong(asked.mock.calls)).toBeGreaterThan(asked.mock.calls.length / 4)
    })

    it("[G1] [G2] [G3] [G4] a node that is killed: its clients come back by way of the others, and nothing is lost or doubled", async () => {
      const talkers = await joinAll(9, front.url)
      const loads = talkers.slice(0, 3).map((talker, index) => keepTalking(talker, `${index}`))
      const newcomers: Talker[] = []
      for (const node of nodes) {
        const before = acknowledgedBy(loads)
        await until(() => acknowledgedBy(loads) >= before + SOME)
        expect((await node.clients()).length).toBeGreaterThan(0)
        await node.kill()
        newcomers.push(...(await joinAll(6, front.url)))
        await until(() => acknowledgedBy(loads) >= before + 2 * SOME)
        await node.start()
      }
      await endOf(loads, talkers)
      expectNothingNoticed(talkers, loads)
      // Where nodes are left out that have long been back, newcomers are refused over and over.
      const refused = newcomers.flatMap(({ refusals }) => refusals).filter((code) => code === NO_NODE)
      expect(refused.length).toBeLessThan(5 * newcomers.length)
    })

    it("[F84] [G1] [G2] [G3] [G4] nobody notices a rolling restart of all nodes under load", async () => {
      const talkers = await joinAll(24, front.url)
      const links = [longPoll, sse].map((transport) => joinAll(2, front.url, () => ({ transport: transport() })))
      const everybody = [...talkers, ...(await Promise.all(links)).flat()]
      const loads = everybody.slice(-6).map((talker, index) => keepTalking(talker, `${index}`))
      for (const node of nodes) {
        const before = acknowledgedBy(loads)
        await until(() => acknowledgedBy(loads) >= before + SOME)
        expect((await node.clients()).length).toBeGreaterThan(0)
        expect(await node.stop()).toBe(0)
        await until(() => everybody.every(({ isOnline }) => isOnline), "everybody online")
        await node.start()
      }
      await endOf(loads, everybody)
      expectNothingNoticed(everybody, loads)
    })
  })
}
