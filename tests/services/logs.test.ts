import { expect, it } from "vitest"
import { KINDS, withBroker } from "./brokers.ts"
import { env, newName, until } from "./journal-bed.ts"
import { joinChat, startNode } from "./server-bed.ts"

for (const kind of KINDS) {
  await withBroker(kind, "the log", (broker) => {
    it("[G1] [F70] clients are told of a new epoch when somebody throws the log away under running servers", async () => {
      const name = newName()
      const node = await startNode(kind.adapter({ port: broker().port, name }))
      const one = joinChat(node.url)
      await until(() => one.isLive)
      for (const text of ["1", "2", "3"]) await one.say(text)
      await kind.throwAway(broker().port, name)
      await until(() => one.gaps.length > 0, "the word that the epoch is new")
      expect(one.gaps.map(({ reason }) => reason)).toEqual(["epoch"])
      await one.say("again")
      const { messages } = await one.client.channel("chat/lobby").history({ limit: 100 })
      expect(messages.map(({ data }) => data)).toEqual(["again"])
      await one.client.close()
      await node.close()
    })

    it("a server that says another number of partitions refuses to start", async () => {
      const name = newName()
      await (await startNode(kind.adapter({ port: broker().port, name }))).close()
      for (const partitions of [3, 5]) {
        await expect(startNode(kind.adapter({ port: broker().port, name, partitions }))).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
      }
    })

    it("[F71] [F72] what it says of itself once it is connected is among what its adapter declares", async () => {
      const { capabilities, ...adapter } = kind.adapter({ port: broker().port, name: newName() })
      const journal = adapter.openJournal(env)
      await journal.append(0, [Uint8Array.of(1)])
      expect(journal.capabilities.level).toBe(kind.level)
      expect(capabilities.levels).toContain(kind.level)
      expect(capabilities.trims).toBe(kind.trims)
      expect(journal.capabilities.trims).toBe(kind.trims)
      await journal.close()
    })

    it("[G12] a journal and a bus leave nothing behind that keeps the process alive", async () => {
      const before = process.getActiveResourcesInfo().filter((resource) => /Socket|TCP/.test(resource)).length
      const adapter = kind.adapter({ port: broker().port, name: newName() })
      const [journal, bus] = [adapter.openJournal(env), adapter.openBus(env)]
      let places = 0
      for (const partition of [0, 1]) {
        journal.tail(partition, {
          connected({ newest }) {
            places++
            return newest + 1
          },
          deliver: async () => {},
        })
      }
      let heard = false
      bus.subscribe("s", () => {
        heard = true
      })
      const other = adapter.openBus(env)
      await until(() => {
        other.publish("s", Uint8Array.of(1))
        return heard && places === 2
      })
      await Promise.all([journal.close(), bus.close(), other.close()])
      await until(
        () => process.getActiveResourcesInfo().filter((resource) => /Socket|TCP/.test(resource)).length <= before,
        "the last socket's end",
      )
    })
  })
}
