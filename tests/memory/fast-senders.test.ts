import { broadcast, contract, json, stream } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { describe, expect, it } from "vitest"

const app = contract({
  "chat/:room": stream({ messages: { say: json<number>() } }),
  "signal/:room": broadcast({ messages: { ping: json() } }),
})
const open = { authorize: () => true }

describe("a client that sends faster than the limits allow", () => {
  it.each([500, 2_000, 5_000])(
    "[F49] [G2] gets %i pipelined publishes through under the default limits, without being closed",
    async (count) => {
      const bed = await createTestBed(app, { auth: anonymous(), rules: { "chat/:room": open, "signal/:room": open } })
      const ann = bed.connect()
      const changes: string[] = []
      ann.on("status", ({ to }) => changes.push(to))
      const startedMs = bed.clock.monotonic()
      const offsets: number[] = []
      for (let n = 1; n <= count; n++)
        void ann
          .channel("chat/lobby")
          .send("say", n)
          .then(({ position }) => offsets.push(position.offset))
      await bed.clock.until(() => offsets.length === count, 600_000)
      const seconds = (bed.clock.monotonic() - startedMs) / 1_000
      const { counters } = bed.server
      expect(offsets).toEqual(Array.from({ length: count }, (_, index) => index + 1))
      expect(changes).toEqual(["connecting", "online"])
      expect(counters["refused{RATE_LIMITED}"] ?? 0).toBeLessThan(count)
      // Not much slower than the limit: a burst of 400, then 200 a second.
      expect(seconds).toBeLessThan(2 + (2 * Math.max(0, count - 400)) / 200)
      await bed.close()
    },
  )
})
