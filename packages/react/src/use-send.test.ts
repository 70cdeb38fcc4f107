// @vitest-environment happy-dom
import { memoryLanes, persistent } from "@magpie/client/persistent"
import { act } from "react"
import { describe, expect, it } from "vitest"
import { type Bed, mount, pass, startBed } from "./mounting.fixture.ts"
import { useOutbox } from "./use-outbox.ts"
import { useSend } from "./use-send.ts"

async function begin(bed: Bed, token = "ada") {
  const channel = bed.connect({ token: () => token }).channel("chat/a")
  return mount(
    () => useSend(channel),
    ({ open }) => open.map(({ data, state }) => `${data.text} ${state}`),
  )
}

describe("useSend", () => {
  it("[G1] shows what is on its way until it is stored, and is the same function each time", async () => {
    const bed = await startBed()
    const shown = await begin(bed)
    const { send } = shown.view
    let stored: unknown
    act(() => void send("say", { text: "a" }).then((receipt) => (stored = receipt)))
    act(() => void send("say", { text: "b" }, { ref: "mine" }))
    expect(shown.text).toBe('["a pending","b pending"]')
    expect(shown.view.open.map(({ ref }) => ref)).toEqual([undefined, "mine"])
    await pass(bed, 100)
    expect([shown.text, shown.view.send === send]).toEqual(["[]", true])
    expect(stored).toMatchObject({ position: { offset: 1 } })
  })

  it("keeps what was rejected, with the reason, until it is dismissed", async () => {
    const bed = await startBed()
    const shown = await begin(bed, "mallory")
    let error: unknown
    act(() => void shown.view.send("say", { text: "a" }).catch((thrown: unknown) => (error = thrown)))
    act(() => void shown.view.send("say", { text: "b" }).catch(() => {}))
    await pass(bed, 100)
    expect([shown.text, shown.view.open[0]?.error?.code]).toEqual(['["a rejected","b rejected"]', "FORBIDDEN"])
    expect(error).toBe(shown.view.open[0]?.error)
    act(() => shown.view.open[0]?.dismiss())
    expect(shown.text).toBe('["b rejected"]')
  })

  it("[G2] sends what it took also when its component has gone", async () => {
    const bed = await startBed()
    const shown = await begin(bed)
    act(() => void shown.view.send("say", { text: "a" }))
    await shown.show(false)
    await pass(bed, 100)
    const stored = bed.server.channel("chat/a").history({ last: 10 })
    expect(stored.map(({ data }) => data.text)).toEqual(["a"])
  })
})

describe("useOutbox", () => {
  it("[G2] shows what is kept and what becomes of it, also when it was there before", async () => {
    const bed = await startBed()
    const outbox = persistent({ name: "ada", lanes: memoryLanes() })
    bed.network.latencyMs = 1_000
    const channel = bed.connect({ token: () => "ada", outbox }).channel("chat/a")
    void channel.send("say", { text: "a" })
    await pass(bed, 100)
    const shown = await mount(
      () => useOutbox(outbox),
      (messages) => messages.map(({ data, state }) => `${(data as { text: string }).text} ${state}`),
    )
    expect(shown.text).toBe('["a pending"]')
    await act(async () => {
      void channel.send("say", { text: "b" })
      await bed.clock.settle()
    })
    expect(shown.text).toBe('["a pending","b pending"]')
    await pass(bed, 30_000)
    expect(shown.text).toBe("[]")
  })
})
