import { broadcast, contract, json, stream } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { afterEach, describe, expect, it } from "vitest"
import { createTestBed } from "./test-bed.ts"

const app = contract({
  "chat/:room": stream({ messages: { say: json<{ text: string }>() } }),
  "cursor/:room": broadcast({ messages: { move: json<{ x: number }>() } }),
})
const open = { authorize: () => true }
const start = () => createTestBed(app, { auth: anonymous(), rules: { "chat/:room": open, "cursor/:room": open } })

let bed: Awaited<ReturnType<typeof start>>
afterEach(async () => {
  await bed.close()
  expect(bed.clock.pendingTimers).toBe(0)
})

describe("test bed", () => {
  it("carries a message from one client to the log and to another client", async () => {
    bed = await start()
    const ann = bed.connect()
    const bob = bed.connect()
    const heard: string[] = []
    bob.channel("chat/lobby").on("say", (message) => heard.push(`${message.offset} ${message.data.text}`))
    await bed.clock.until(() => bob.channel("chat/lobby").subscription.state.state === "live")
    const receipt = ann.channel("chat/lobby").send("say", { text: "你好" })
    await bed.clock.until(() => heard.length === 1)
    expect(heard).toEqual(["1 你好"])
    expect(await receipt).toMatchObject({ position: { offset: 1 }, level: "memory", duplicate: false })
  })

  it("passes a broadcast on and stores nothing", async () => {
    bed = await start()
    const ann = bed.connect()
    const bob = bed.connect()
    const heard: number[] = []
    bob.channel("cursor/lobby").on("move", (message) => heard.push(message.data.x))
    await bed.clock.until(() => bob.channel("cursor/lobby").subscription.state.state === "live" && ann.status.state === "online")
    ann.channel("cursor/lobby").send("move", { x: 3 })
    await bed.clock.until(() => heard.length === 1)
    expect(heard).toEqual([3])
  })
})
