import { busConformance } from "@magpie/journal"
import { expect, test } from "vitest"
import { KINDS, withBroker } from "./brokers.ts"
import { busOn } from "./bus-bed.ts"
import { env, newName, until } from "./journal-bed.ts"

for (const kind of KINDS) {
  await withBroker(kind, "the bus", (broker) => {
    busConformance({ test, create: () => busOn(kind, broker()) })

    test("hears again on all its subjects when the broker was away, and publishes into its absence without a word", async () => {
      const name = newName()
      const open = () => kind.adapter({ port: broker().port, name }).openBus(env)
      const [one, other] = [open(), open()]
      const heard = new Set<string>()
      const subjects = ["a", "b", "c"]
      for (const subject of subjects) other.subscribe(subject, () => heard.add(subject))
      const everywhere = async (): Promise<void> => {
        heard.clear()
        await until(() => {
          for (const subject of subjects) one.publish(subject, Uint8Array.of(1))
          return heard.size === subjects.length
        }, "a message on each subject")
      }
      await everywhere()
      await broker().kill()
      for (const subject of subjects) one.publish(subject, Uint8Array.of(1))
      await broker().start()
      await everywhere()
      expect(heard.size).toBe(3)
      await Promise.all([one.close(), other.close()])
    })
  })
}
