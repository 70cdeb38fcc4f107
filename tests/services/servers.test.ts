import { afterEach, expect, it } from "vitest"
import { KINDS, withBroker } from "./brokers.ts"
import { newName, until } from "./journal-bed.ts"
import { joinChat, type Node, startNode, type Talker } from "./server-bed.ts"

const numbered = (count: number, from = 1): string[] => Array.from({ length: count }, (_, index) => String(from + index))

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function node(...options: Parameters<typeof startNode>): Promise<Node> {
  const started = await startNode(...options)
  ends.push(() => started.close())
  return started
}

async function talker({ url }: Node): Promise<Talker> {
  const joined = joinChat(url)
  ends.push(() => joined.client.close())
  await until(() => joined.isLive, "a live subscription")
  return joined
}

/** Says them one after another; each is said again until it is acknowledged, as the client does by itself. */
async function sayAll({ say }: Talker, texts: readonly string[]): Promise<void> {
  for (const text of texts) await say(text)
}

for (const kind of KINDS) {
  await withBroker(kind, "servers", (broker) => {
    const adapter = (name: string, port = broker().port) => kind.adapter({ port, name })

    it("[G1] [G3] [F71] a publication on one node comes to subscribers on all others, in one order, and its acknowledgement says how safe it is", async () => {
      const name = newName()
      const nodes = [await node(adapter(name)), await node(adapter(name)), await node(adapter(name))]
      const talkers = await Promise.all(nodes.map(talker))
      const levels = await Promise.all(talkers.flatMap((one, index) => numbered(20).map((text) => one.say(`${index}-${text}`))))
      await until(() => talkers.every(({ heard }) => heard.length >= 60))
      expect(new Set(levels)).toEqual(new Set([kind.level]))
      for (const { heard, offsets } of talkers) {
        expect(heard).toEqual(talkers[0]?.heard)
        expect(offsets).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
      }
      for (const index of talkers.keys()) {
        const own = talkers[0]?.heard.filter((text) => text.startsWith(`${index}-`))
        expect(own).toEqual(numbered(20).map((text) => `${index}-${text}`))
      }
    })

    it("[G3] a broadcast comes to those who follow it on every node, once and in its order, and without a detour over the log", async () => {
      const name = newName()
      const nodes = [await node(adapter(name)), await node(adapter(name)), await node(adapter(name))]
      const rooms = (await Promise.all(nodes.map(talker))).map(({ client }) => client.channel("cursor/lobby"))
      const heard: number[][] = rooms.map(() => [])
      for (const [index, room] of rooms.entries()) room.on("move", ({ data }) => void heard[index]?.push(data))
      await until(() => rooms.every(({ subscription }) => subscription.state.state === "live"), "live subscriptions")
      // A node's subscription takes effect at the broker some time after it was asked for, and until then nothing comes.
      let warmed = 0
      await until(() => {
        nodes[0]?.server.channel("cursor/lobby").publish("move", --warmed)
        return heard.every((numbers) => numbers.length > 0)
      }, "the bus between all nodes")
      for (let number = 1; number <= 100; number++) nodes[0]?.server.channel("cursor/lobby").publish("move", number)
      await until(() => heard.every((numbers) => numbers.includes(100)), "the last broadcast")
      const sent = Array.from({ length: 100 }, (_, index) => index + 1)
      expect(heard.map((numbers) => numbers.filter((number) => number > 0))).toEqual([sent, sent, sent])
    })

    it("a late node reads what was there before it, and answers history from its own state", async () => {
      const name = newName()
      const first = await talker(await node(adapter(name)))
      await sayAll(first, numbered(30))
      const late = await talker(await node(adapter(name)))
      const page = await late.client.channel("chat/lobby").history({ limit: 100 })
      expect(page.messages.map(({ data }) => data)).toEqual(numbered(30))
      await first.say("31")
      await until(() => late.heard.length >= 1)
      expect(late.offsets).toEqual([31])
    })

    it("[G1] [G2] [F72] loses and doubles nothing when the broker is killed with -9 among publishes and comes back", async () => {
      const name = newName()
      const [one, other] = [await talker(await node(adapter(name))), await talker(await node(adapter(name)))]
      const said = [sayAll(one, numbered(150)), sayAll(other, numbered(150, 1_001))]
      for (const reached of kind.restartsSlowly ? [100] : [60, 160]) {
        await until(() => one.heard.length >= reached)
        await broker().kill()
        await broker().start()
      }
      await Promise.all(said)
      await until(() => one.heard.length >= 300 && other.heard.length >= 300)
      expect(one.heard).toEqual(other.heard)
      expect(one.offsets).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
      expect(one.heard.filter((text) => Number(text) < 1_000)).toEqual(numbered(150))
      expect([...one.gaps, ...other.gaps]).toEqual([])
    })

    it("[G1] [F70] tells every client of a new epoch when the broker came back as it was some time ago, and goes on", async () => {
      const name = newName()
      const [one, other] = [await talker(await node(adapter(name))), await talker(await node(adapter(name)))]
      await sayAll(one, numbered(10))
      await broker().kill()
      broker().saveAs("earlier")
      await broker().start()
      await sayAll(other, numbered(10, 11))
      await until(() => one.heard.length >= 20 && other.heard.length >= 20)
      await broker().kill()
      broker().restore("earlier")
      await broker().start()
      await until(() => one.gaps.length > 0 && other.gaps.length > 0, "the word that the epoch is new")
      for (const { gaps } of [one, other]) expect(gaps.map(({ reason }) => reason)).toEqual(["epoch"])
      await sayAll(one, ["again"])
      await until(() => other.heard.includes("again"))
      const { messages } = await other.client.channel("chat/lobby").history({ limit: 100 })
      expect(messages.map(({ data }) => data)).toEqual([...numbered(10), "again"])
    })

    it("[F67] [F76] a publish waits for a broker that stands still, and the connection stays", async () => {
      const name = newName()
      const one = await talker(await node(adapter(name)))
      await one.say("before")
      const statuses: string[] = []
      one.client.on("status", ({ to }) => void statuses.push(to))
      broker().pause()
      const waiting = Promise.all(numbered(20).map((text) => one.say(text)))
      await one.client.channel("chat/lobby").history({ limit: 1 })
      broker().goOn()
      await waiting
      await until(() => one.heard.length >= 21)
      expect(one.heard).toEqual(["before", ...numbered(20)])
      expect(statuses).toEqual([])
    })

    it("[G2] [G3] [F68] [F73] publishes land once and in order when links to the broker break before it has answered", async () => {
      const name = newName()
      broker().heal()
      const one = await talker(await node(adapter(name, broker().relayPort)))
      const other = await talker(await node(adapter(name)))
      // Several are under way at each break, and as many wait behind them.
      const said = Promise.all(numbered(120).map((text) => one.say(text)))
      for (const reached of [1, 40, 80]) {
        await until(() => other.heard.length >= reached)
        broker().reset()
      }
      await said
      await until(() => one.heard.length >= 120 && other.heard.length >= 120)
      for (const { heard, gaps } of [one, other]) {
        expect(heard).toEqual(numbered(120))
        expect(gaps).toEqual([])
      }
    })

    it("[G1] a node that is cut off from the broker catches up when it is back, and the others go on meanwhile", async () => {
      const name = newName()
      broker().heal()
      const away = await talker(await node(adapter(name, broker().relayPort)))
      const here = await talker(await node(adapter(name)))
      await sayAll(here, numbered(5))
      await until(() => away.heard.length >= 5)
      broker().cut()
      await sayAll(here, numbered(5, 6))
      const late = away.say("from afar")
      broker().heal()
      await late
      await until(() => away.heard.length >= 11 && here.heard.length >= 11)
      expect(away.heard).toEqual(here.heard)
      expect(away.heard.slice(0, 10)).toEqual(numbered(10))
      expect(away.gaps).toEqual([])
    })
  })
}
