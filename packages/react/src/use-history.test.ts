// @vitest-environment happy-dom
import { describe, expect, it } from "vitest"
import { mount, pass, say, startBed } from "./mounting.fixture.ts"
import { type UseHistoryOptions, useHistory } from "./use-history.ts"

async function setUp(options: UseHistoryOptions = {}, token = "ada") {
  const bed = await startBed()
  const channel = bed.connect({ token: () => token }).channel("chat/a")
  const begin = () =>
    mount(
      () => useHistory(channel, options),
      ({ messages }) => messages.map(({ data }) => data.text),
    )
  return { bed, begin }
}

describe("useHistory", () => {
  it("reads page by page, without following the channel", async () => {
    const { bed, begin } = await setUp({ limit: 2 })
    await say(bed, "a", "b", "c")
    const shown = await begin()
    await pass(bed)
    expect([shown.text, shown.view.hasOlder]).toEqual(['["b","c"]', true])
    await say(bed, "d")
    void shown.view.loadOlder()
    await pass(bed)
    expect([shown.text, shown.view.hasOlder]).toEqual(['["a","b","c"]', false])
    expect(bed.server.channel("chat/a").subscribers).toBe(0)
    await shown.view.loadOlder()
    await shown.show(false)
    await shown.show(true)
    await pass(bed)
    expect(shown.text).toBe('["a","b","c"]')
  })

  it("waits in Suspense for the first page", async () => {
    const { bed, begin } = await setUp({ suspense: true })
    await say(bed, "a")
    const shown = await begin()
    expect(shown.text).toBe("waiting")
    await pass(bed)
    expect(shown.text).toBe('["a"]')
  })

  it("[G10] says why there is nothing, in Suspense too", async () => {
    for (const suspense of [false, true]) {
      const { bed, begin } = await setUp({ suspense }, "mallory")
      const shown = await begin()
      await pass(bed)
      await pass(bed)
      expect([shown.text, shown.view.error?.code, shown.view.loaded]).toEqual(["[]", "FORBIDDEN", true])
    }
  })
})
