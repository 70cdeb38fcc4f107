// @vitest-environment happy-dom
import { act } from "react"
import { describe, expect, it } from "vitest"
import { mount, pass, say, startBed } from "./mounting.fixture.ts"
import { type ChannelView, useChannel } from "./use-channel.ts"

const texts = (view: unknown): string[] => (view as ChannelView<never>).messages.map(({ data }) => (data as { text: string }).text)

describe("useChannel, where its page and what is live are far from each other", () => {
  it("[G4] shows what was stored after the page was read and before the subscription began", async () => {
    let letIn = (_is: boolean): void => {}
    const subscribing = new Promise<boolean>((resolve) => {
      letIn = resolve
    })
    const bed = await startBed(({ action }) => action !== "subscribe" || subscribing)
    await say(bed, "a")
    // Without a link yet: what is asked for waits for one.
    const channel = bed.connect({ token: () => "ada" }).channel("chat/a")
    const shown = await mount(() => useChannel(channel), texts)
    await pass(bed)
    expect(shown.text).toBe('["a"]')
    await say(bed, "b")
    letIn(true)
    await pass(bed)
    await say(bed, "c")
    await pass(bed)
    expect(shown.text).toBe('["a","b","c"]')
  })

  it("[G4] puts nothing of a log that was lost in front of another one, when a component is there again", async () => {
    const bed = await startBed()
    const channel = bed.connect({ token: () => "ada" }).channel("chat/a")
    await say(bed, "a", "b", "c")
    const shown = await mount(() => useChannel(channel, { last: 2 }), texts)
    await pass(bed)
    await shown.show(false)
    await pass(bed, 5_000)
    await act(async () => {
      bed.kill()
      await bed.start()
    })
    await say(bed, "v", "w", "x", "y", "z")
    await pass(bed, 30_000)
    await shown.show(true)
    await pass(bed)
    expect([shown.text, shown.view.hasOlder]).toEqual(['["y","z"]', true])
  })

  it("waits in Suspense without rendering, also beside one that does not wait", async () => {
    const bed = await startBed()
    const channel = bed.connect({ token: () => "ada" }).channel("chat/a")
    await say(bed, "a")
    let attempts = 0
    const waiting = await mount(() => {
      attempts++
      return useChannel(channel, { suspense: true })
    }, texts)
    const beside = await mount(() => useChannel(channel), texts)
    const before = attempts
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    expect(attempts - before).toBeLessThan(5)
    await beside.show(false)
    await pass(bed)
    await pass(bed)
    expect(waiting.text).toBe('["a"]')
  })
})
