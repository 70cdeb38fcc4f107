import type { DownMessage } from "@magpie/protocol"
import { describe, expect, it, test } from "vitest"
import { app, begin, clientUnderTest, watch } from "../client-under-test.fixture.ts"
import { setUp } from "../persistent/one-life.fixture.ts"
import { followSend, type SendProgress } from "./follow-send.ts"

describe("without a persistent outbox", () => {
  async function send(text: string, options = {}) {
    const world = clientUnderTest()
    const { client, clock, peer } = world
    await clock.settle()
    await begin(world)
    const told: SendProgress[] = []
    const onProgress = (progress: SendProgress): void => void told.push(progress)
    const outcome = watch(followSend(client.channel("chat/lobby"), "say", { text }, { onProgress, ...options }))
    await clock.settle()
    async function answer(reply: object): Promise<void> {
      peer.link.send({ id: peer.link.last("publish").id, ...reply } as DownMessage)
      await clock.settle()
    }
    return { ...world, told, outcome, answer }
  }
  const refusal = (code: string) => ({ type: "error", code, message: "", remedy: "", retryable: false })

  it("[G1] tells of the outcome alone: nothing of it is known before", async () => {
    const { told, outcome, answer, peer } = await send("a", { ref: "mine" })
    expect(peer.link.last("publish").ref).toBe("mine")
    expect(told).toEqual([])
    await answer({ type: "published", position: { epoch: "e1", offset: 7 }, level: "disk" })
    expect(told).toEqual([{ state: "confirmed", receipt: outcome.value, error: undefined }])
    expect(outcome.value?.position.offset).toBe(7)
  })

  it.each([
    ["EXPIRED", "expired"],
    ["FORBIDDEN", "rejected"],
  ])("calls what is refused with %s %s", async (code, state) => {
    const { told, outcome, answer } = await send("a")
    await answer(refusal(code))
    expect([outcome.code, told.map((progress) => [progress.state, progress.error?.code])]).toEqual([code, [[state, code]]])
  })

  it("reports a listener that throws, and hands on the outcome all the same", async () => {
    const onProgress = (): void => {
      throw new Error("of the page")
    }
    const { outcome, answer, errors } = await send("a", { onProgress })
    await answer({ type: "published", position: { epoch: "e1", offset: 1 }, level: "disk" })
    expect([outcome.value?.position.offset, errors]).toEqual([1, ["INTERNAL"]])
  })

  it("is refused on what is no stream", async () => {
    const { client } = clientUnderTest({ contract: app })
    const sent = followSend(client.channel("typing/lobby") as never, "dot" as never, { x: 1 } as never, { onProgress() {} })
    await expect(sent).rejects.toMatchObject({ code: "BAD_REQUEST" })
  })
})

test("[G2] with a persistent outbox each sender hears of his own message, also where another is sent in the middle under the same reference", async () => {
  const { clock, life, store } = await setUp()
  const channel = life.client.channel("chat/lobby")
  const told: string[] = []
  const send = (text: string): void => {
    const onProgress = ({ state, receipt }: SendProgress): void =>
      void told.push(`${text} ${state} ${receipt?.position.offset ?? ""}`.trim())
    void followSend(channel, "say", { text }, { ref: "same", onProgress })
  }
  const stop = life.outbox.on("change", () => {
    stop()
    send("inner")
  })
  send("outer")
  await clock.advance(100)
  // The outbox has it first, and the window is one until something is stored.
  expect(told).toEqual(["inner sent"])
  await store()
  expect(told.slice(1).toSorted()).toEqual(["inner confirmed 1", "outer confirmed 2", "outer sent"])
})
