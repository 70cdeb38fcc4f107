import { memoryStorage, openDurableLog } from "@magpie/journal"
import { COMMAND, DEFAULT_LIMITS, MagpieError, toJsonText } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { expect, it } from "vitest"
import { createLiveCommands } from "./live-commands.ts"

async function start() {
  const env = fakeEnv()
  const opening = openDurableLog({ storage: memoryStorage(), env, settings: { retention: {}, deduplicationMs: 60_000 } })
  await env.clock.settle()
  const log = await opening
  const live = createLiveCommands({ clock: env.clock, write: env.log, log, limits: DEFAULT_LIMITS })
  const told: string[] = []
  const watch = (channel: string) =>
    live.watch(channel, "c", { changed: () => told.push(`${channel} changed`), ended: ({ code }) => told.push(`${channel} ${code}`) })
  return { log, live, told, watch }
}

it("whoever watches a command of a channel of which the log begins a new epoch is told that", async () => {
  const { log, live, told, watch } = await start()
  const stops = ["device/7", "device/8"].map(watch)
  live.endEpoch((channel) => channel === "device/7")
  expect(told).toEqual(["device/7 UNAVAILABLE"])
  stops.forEach((stop) => void stop())
  live.endEpoch(() => true)
  expect(told).toHaveLength(1)
  await log.close()
})

it("[G12] whoever watches when the server closes is told, and whoever begins to after it", async () => {
  const { log, live, told, watch } = await start()
  watch("device/7")
  live.close()
  watch("device/8")
  expect(told).toEqual(["device/7 CLOSED", "device/8 CLOSED"])
  await log.close()
})

it("one that cannot be told keeps nobody else from it", async () => {
  const { log, live, told, watch } = await start()
  const fail = (): void => {
    throw new MagpieError("UNAVAILABLE", "cannot be read now")
  }
  live.watch("device/7", "c", { changed: fail, ended: ({ code }) => told.push(code) })
  watch("device/7")
  live.written({ channel: "device/7", name: COMMAND, data: toJsonText({ command: "c", state: "done" }), at: 0, offset: 1 })
  expect(told).toEqual(["UNAVAILABLE", "device/7 changed"])
  await log.close()
})
