import { expect, test } from "vitest"
import { clientUnderTest, watch } from "../client-under-test.fixture.ts"
import { commands } from "./commands.ts"

test("[G9] on a new link a call hears how it stands in a log that was set back, and has lower versions", async () => {
  const { client, clock, peer } = clientUnderTest()
  await clock.settle()
  peer.link.welcome()
  const call = watch(commands(client.channel("device/one")).call("blink", { times: 1 }, { id: "c", deadlineMs: 60_000 }))
  const told = (version: number, state: "queued" | "done", rest: object = {}) =>
    ({
      type: "command",
      channel: "device/one",
      command: "c",
      name: "blink",
      state,
      version,
      at: 1,
      now: 1,
      calledAt: 1,
      deadline: 60_001,
      ...rest,
    }) as const
  await clock.settle()
  peer.link.send(told(10, "queued"))
  await clock.settle()
  peer.link.close(1006, "")
  await clock.advance(2_000)
  peer.link.welcome()
  await clock.settle()
  expect(peer.link.of("publish")).toMatchObject([{ name: "$command", data: { action: "call", command: "c" } }])
  peer.link.send(told(3, "done", { output: null }))
  await clock.settle()
  expect(call).toMatchObject({ value: null })
})
