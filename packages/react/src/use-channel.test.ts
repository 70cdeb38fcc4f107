// @vitest-environment happy-dom
import { inbox } from "@magpie/client/inbox"
import { memoryLanes } from "@magpie/client/persistent"
import { act } from "react"
import { describe, expect, it } from "vitest"
import { type Bed, mount, pass, say, startBed } from "./mounting.fixture.ts"
import { type ChannelView, type UseChannelOptions, useChannel } from "./use-channel.ts"

async function setUp(options: UseChannelOptions = {}, token = "ada") {
  const bed = await startBed()
  const client = bed.connect({ token: () => token })
  const channel = client.channel("chat/a")
  const begin = () =>
    mount(
      () => useChannel(channel, options),
      (view) => (view as ChannelView<never>).messages.map(({ data }) => (data as { text: string }).text),
    )
  return { bed, client, channel, begin }
}

describe("useChannel", () => {
  it("[G4] shows the newest page and what comes behind it, each message once and in order", async () => {
    const { bed, begin } = await setUp({ last: 2 })
    await say(bed, "a", "b", "c")
    const shown = await begin()
    expect([shown.text, shown.view.loaded]).toEqual(["[]", false])
    await pass(bed)
    expect([shown.text, shown.view.loaded, shown.view.state, shown.view.hasOlder]).toEqual(['["b","c"]', true, "live", true])
    await say(bed, "d")
    await pass(bed)
    expect(shown.text).toBe('["b","c","d"]')
  })

  it("[G4] shows each message as it is now, and no deleted one, also where that happened while no component was there", async () => {
    const { bed, begin } = await setUp({ last: 3 })
    await say(bed, "a", "b", "c", "d")
    const shown = await begin()
    await pass(bed)
    const older = async (): Promise<void> => {
      const loading = shown.view.loadOlder()
      await pass(bed)
      await loading
    }
    await older()
    const channel = bed.server.channel("chat/a")
    const change = async (done: Promise<unknown>): Promise<void> => {
      await pass(bed)
      await done
    }
    await change(channel.edit({ name: "say", offset: 1 }, { text: "a!" }))
    await change(channel.append({ name: "say", offset: 4 }, "!"))
    await change(channel.delete({ name: "say", offset: 2 }))
    expect(shown.text).toBe('["a!","c","d!"]')
    await shown.show(false)
    await pass(bed, 1_000)
    await change(channel.edit({ name: "say", offset: 1 }, { text: "a?" }))
    await change(channel.delete({ name: "say", offset: 3 }))
    await say(bed, "e")
    await shown.show(true)
    await pass(bed)
    expect(shown.text).toBe('["d!","e"]')
    await older()
    expect(shown.text).toBe('["a?","d!","e"]')
  })

  it("puts older pages in front, until there are none", async () => {
    const { bed, begin } = await setUp({ last: 2 })
    await say(bed, "a", "b", "c")
    const shown = await begin()
    await pass(bed)
    const both = Promise.all([shown.view.loadOlder(), shown.view.loadOlder()])
    await pass(bed)
    await both
    expect([shown.text, shown.view.hasOlder]).toEqual(['["a","b","c"]', false])
    await shown.view.loadOlder()
    expect(shown.text).toBe('["a","b","c"]')
  })

  it("keeps no more than it is told to when newer ones come, and can load them again", async () => {
    const { bed, begin } = await setUp({ last: 10, keep: 2 })
    const shown = await begin()
    await pass(bed)
    await say(bed, "a", "b", "c")
    await pass(bed)
    expect([shown.text, shown.view.hasOlder]).toEqual(['["b","c"]', true])
  })

  it("[G12] follows while a component is there, in StrictMode too, and lets go of the channel when the last one has gone", async () => {
    const { bed, begin } = await setUp()
    const followers = (): number => bed.server.channel("chat/a").subscribers
    const [one, other] = [await begin(), await begin()]
    await pass(bed)
    expect(followers()).toBe(1)
    await one.show(false)
    await pass(bed)
    expect(followers()).toBe(1)
    await other.show(false)
    await pass(bed, 1_000)
    expect(followers()).toBe(0)
  })

  it("[G4] shows what it missed when a component is there again, also where that is more than a page", async () => {
    const { bed, begin } = await setUp({ last: 2 })
    const shown = await begin()
    await say(bed, "a")
    await pass(bed)
    await shown.show(false)
    await pass(bed)
    await say(bed, "b", "c")
    await shown.show(true)
    await pass(bed)
    expect(shown.text).toBe('["a","b","c"]')
    await shown.show(false)
    await say(bed, "d", "e", "f")
    await shown.show(true)
    await pass(bed)
    expect([shown.text, shown.view.hasOlder]).toEqual(['["e","f"]', true])
  })

  it("waits in Suspense for the first page, and leaves nothing behind where it is not waited for", async () => {
    const { bed, begin } = await setUp({ suspense: true })
    await say(bed, "a")
    const shown = await begin()
    expect(shown.text).toBe("waiting")
    expect(bed.server.channel("chat/a").subscribers).toBe(0)
    await pass(bed)
    expect(shown.text).toBe('["a"]')
    await pass(bed)
    expect(bed.server.channel("chat/a").subscribers).toBe(1)
  })

  it("[G10] says why it shows nothing", async () => {
    for (const suspense of [false, true]) {
      const { bed, begin } = await setUp({ suspense }, "mallory")
      const shown = await begin()
      await pass(bed)
      await pass(bed)
      expect([shown.text, shown.view.error?.code, shown.view.state]).toEqual(["[]", "FORBIDDEN", "refused"])
    }
  })

  it("says so where the client is closed", async () => {
    const { bed, client, begin } = await setUp()
    const closing = client.close()
    await bed.clock.settle()
    await closing
    const shown = await begin()
    expect([shown.view.error?.code, shown.view.loaded]).toEqual(["CLOSED", true])
  })

  it("of a broadcast shows what comes from now on", async () => {
    const bed = await startBed()
    const channel = bed.connect().channel("cursor/a")
    const shown = await mount(
      () => useChannel(channel),
      ({ messages }) => messages.map(({ data }) => data.x),
    )
    await pass(bed)
    expect([shown.view.loaded, shown.view.hasOlder]).toEqual([true, false])
    for (const x of [1, 2]) bed.server.channel("cursor/a").publish("move", { x })
    await pass(bed)
    expect(shown.text).toBe("[1,2]")
  })

  it("[G4] begins anew behind a gap", async () => {
    const { bed, begin } = await setUp()
    await say(bed, "a")
    const shown = await begin()
    await pass(bed)
    await act(async () => {
      bed.kill()
      await bed.start()
    })
    await say(bed, "another log")
    await pass(bed, 30_000)
    expect(shown.text).toBe('["another log"]')
  })
})

describe("useChannel with an inbox", () => {
  /** A page of that user on a device, and all that it has shown. */
  async function open(
    bed: Bed,
    lanes: ReturnType<typeof memoryLanes>,
    { token = "ada", ...options }: UseChannelOptions & { token?: string },
  ) {
    const client = bed.connect({ token: () => token })
    const channel = client.channel("chat/a")
    const box = inbox({ name: "device", lanes })
    const seen: string[] = []
    const shown = await mount(
      () => useChannel(channel, { ...options, inbox: box }),
      ({ messages, state }) => {
        const line = `${state} ${messages.map(({ data }) => data.text).join("")}`
        if (seen.at(-1) !== line) seen.push(line)
        return messages.map(({ data }) => data.text)
      },
    )
    async function leave(): Promise<void> {
      await shown.show(false)
      await act(async () => void client.close())
      await pass(bed, 1_000)
    }
    return { shown, seen, leave }
  }

  it.each([false, true])(
    "[G3] [G4] shows what the device has before there is a link, then what came since, changes included (suspense: %s)",
    async (suspense) => {
      const asked: string[] = []
      const bed = await startBed(({ action }) => asked.push(action) > 0)
      await say(bed, "a", "b", "c", "d")
      const lanes = memoryLanes()
      const first = await open(bed, lanes, { last: 3, suspense })
      await pass(bed, 100)
      expect(first.shown.text).toBe('["b","c","d"]')
      await first.leave()
      const log = bed.server.channel("chat/a")
      const changed = [log.edit({ name: "say", offset: 2 }, { text: "B" }), log.delete({ name: "say", offset: 3 })]
      await say(bed, "e")
      await Promise.all(changed)

      bed.network.latencyMs = 1_000
      asked.length = 0
      const second = await open(bed, lanes, { last: 3, suspense })
      await pass(bed)
      expect([second.shown.text, second.shown.view.loaded, second.shown.view.hasOlder]).toEqual(['["b","c","d"]', true, true])
      expect(second.shown.view.state).not.toBe("live")
      await pass(bed, 20_000)
      expect([second.shown.text, second.shown.view.state]).toEqual(['["B","d","e"]', "live"])
      expect(asked).toEqual(["subscribe"])
      const older = second.shown.view.loadOlder()
      await pass(bed, 5_000)
      await older
      expect(second.shown.text).toBe('["a","B","d","e"]')

      // Whoever comes back is shown what came meanwhile, without asking.
      await second.shown.show(false)
      await say(bed, "f")
      await pass(bed, 5_000)
      asked.length = 0
      await second.shown.show(true)
      await pass(bed, 5_000)
      expect([second.shown.text, second.shown.view.hasOlder]).toEqual(['["d","e","f"]', true])
      expect(asked).toEqual([])
    },
  )

  it("[G12] asks for nothing where its component has gone before the device has answered", async () => {
    const asked: string[] = []
    const bed = await startBed(({ action }) => asked.push(action) > 0)
    let answer = (): void => {}
    const lanes = memoryLanes()
    const slow = { ...lanes, list: (keys: string) => new Promise<void>((resolve) => (answer = resolve)).then(() => lanes.list(keys)) }
    const { shown } = await open(bed, slow, {})
    await pass(bed, 100)
    await shown.show(false)
    answer()
    await pass(bed, 1_000)
    expect(asked).toEqual(["subscribe"])
  })

  it("[G10] shows nothing that another user has left as soon as the server has refused it", async () => {
    const bed = await startBed()
    await say(bed, "a")
    const lanes = memoryLanes()
    const first = await open(bed, lanes, {})
    await pass(bed, 100)
    await first.leave()
    bed.network.latencyMs = 1_000
    const second = await open(bed, lanes, { token: "mallory" })
    await pass(bed)
    expect(second.shown.text).toBe('["a"]')
    await pass(bed, 20_000)
    expect([second.shown.text, second.shown.view.error?.code]).toEqual(["[]", "FORBIDDEN"])
  })
})
