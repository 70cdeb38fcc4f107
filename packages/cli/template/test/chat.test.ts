import { createTestBed, type TestBed } from "@magpie/testing"
import { afterEach, beforeEach, expect, test } from "vitest"
import { app } from "../src/contract.ts"
import { auth, channels } from "../src/rules.ts"

/** The server core and real clients on a network in memory, on a clock that stands still until a test moves it. */
let bed: TestBed<typeof app, never>
beforeEach(async () => {
  bed = await createTestBed(app, { auth, rules: channels })
})
afterEach(() => bed.close())

test("a message that was sent while the network was away arrives once", async () => {
  const heard: string[] = []
  bed
    .connect()
    .channel("chat/lobby")
    .on("say", ({ data }) => heard.push(`${data.author}: ${data.text}`))
  const ann = bed.connect({ address: "192.0.2.1" }).channel("chat/lobby")
  await bed.clock.settle()

  bed.network.cut(true, "192.0.2.1")
  const sent = ann.send("say", { author: "Ann", text: "still here" })
  await bed.clock.advance(5_000)
  expect(heard).toEqual([])

  bed.network.cut(false, "192.0.2.1")
  await bed.clock.advance(30_000)
  expect((await sent).position.offset).toBe(1)
  expect(heard).toEqual(["Ann: still here"])
})

test("nobody announces anything", async () => {
  const failed = bed
    .connect()
    .channel("chat/announcements")
    .send("say", { author: "Bob", text: "hear me" })
    .catch((error) => error)
  await bed.clock.settle()
  expect(await failed).toMatchObject({ code: "FORBIDDEN" })
})
