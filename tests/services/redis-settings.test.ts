import { redis } from "@magpie/journal-redis"
import { Redis } from "ioredis"
import { expect, it } from "vitest"
import { KINDS, withBroker } from "./brokers.ts"
import { env, newName, until } from "./journal-bed.ts"

const kind = KINDS.find(({ name }) => name === "redis")
if (kind !== undefined) {
  await withBroker(kind, "what an acknowledgement claims", (broker) => {
    /** As a journal sees it that connects now. */
    async function level(settings: Readonly<Record<string, string>>): Promise<string> {
      const client = new Redis(broker().port, "127.0.0.1")
      for (const [name, value] of Object.entries(settings)) await client.config("SET", name, value)
      client.disconnect()
      const journal = redis({ url: `redis://127.0.0.1:${broker().port}`, name: newName(), partitions: 2 }).openJournal(env)
      let connected = false
      journal.tail(0, {
        connected({ newest }) {
          connected = true
          return newest + 1
        },
        deliver: async () => {},
      })
      await until(() => connected)
      await journal.close()
      return journal.capabilities.level
    }

    it("[F70] follows from the settings of Redis, and is never more than they bear out", async () => {
      expect(await level({ appendonly: "yes", appendfsync: "always", "no-appendfsync-on-rewrite": "no" })).toBe("disk")
      expect(await level({ "no-appendfsync-on-rewrite": "yes" })).toBe("process")
      expect(await level({ appendfsync: "everysec" })).toBe("memory")
      expect(await level({ appendfsync: "no" })).toBe("process")
      expect(await level({ maxmemory: "1000000000", "maxmemory-policy": "allkeys-lru" })).toBe("memory")
      expect(await level({ "maxmemory-policy": "volatile-lru" })).toBe("process")
      expect(await level({ appendonly: "no" })).toBe("memory")
    })
  })
}
