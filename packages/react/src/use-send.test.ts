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
    expect(shown.view.sends.map(({ data, state, receipt }) => [data.text, state, receipt?.position.offset])).toEqual([
      ["a", "confirmed", 1],
      ["b", "confirmed", 2],
    ])
    act(() => shown.view.sends[0]?.dismiss())
    expect(shown.view.sends.map(({ data }) => data.text)).toEqual(["b"])
  })

  it("keeps the newest 50 of those that are confirmed, and every other", async () => {
    const bed = await startBed()
    const shown = await begin(bed)
    act(() => void shown.view.send("say", { text: "x".repeat(100_000) }).catch(() => {}))
    for (let number = 1; number <= 60; number++) act(() => void shown.view.send("say", { text: `${number}` }))
    await pass(bed, 5_000)
    const [first, second, ...rest] = shown.view.sends
    expect([first?.state, second?.data.text, rest.length]).toEqual(["rejected", "11", 49])
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

describe("useSend, where the client has a persistent outbox", () => {
  /** Every state that each message has come to. */
  async function follow(bed: Bed, options: { readonly maxAgeMs?: number } = {}) {
    const outbox = persistent({ name: "ada", lanes: memoryLanes(), ...options })
    const client = bed.connect({ token: () => "ada", outbox })
    const channel = client.channel("chat/a")
    const seen: string[] = []
    const shown = await mount(
      () => useSend(channel),
      ({ sends }) => {
        for (const { data, state, error } of sends) {
          const line = [data.text, state, error?.code].filter(Boolean).join(" ")
          if (!seen.includes(line)) seen.push(line)
        }
      },
    )
    return { client, shown, seen }
  }

  it("[G1] shows that a message waits, that it has left, and that it is stored", async () => {
    const bed = await startBed()
    bed.network.latencyMs = 1_000
    const { shown, seen } = await follow(bed)
    act(() => void shown.view.send("say", { text: "a" }))
    await pass(bed, 2_500)
    expect(seen).toEqual(["a pending"])
    await pass(bed, 30_000)
    expect(seen).toEqual(["a pending", "a sent", "a confirmed"])
    expect(shown.view.sends[0]?.receipt?.position.offset).toBe(1)
  })

  it("shows as expired what was kept for too long, and as sent what was not: not as rejected", async () => {
    const bed = await startBed()
    const { shown, seen } = await follow(bed, { maxAgeMs: 60_000 })
    await pass(bed, 1_000)
    bed.kill()
    act(() => void shown.view.send("say", { text: "old" }).catch(() => {}))
    await pass(bed, 90_000)
    act(() => void shown.view.send("say", { text: "new" }))
    await bed.start()
    await pass(bed, 60_000)
    expect(seen.filter((line) => line.startsWith("old"))).toEqual(["old pending", "old expired EXPIRED"])
    expect(seen.filter((line) => line.startsWith("new"))).toEqual(["new pending", "new sent", "new confirmed"])
    expect(shown.view.open.map(({ state }) => state)).toEqual(["expired"])
  })

  it("[G2] goes on telling of a message whose sender has stopped waiting, and calls none rejected that the outbox keeps", async () => {
    const bed = await startBed()
    bed.network.latencyMs = 1_000
    const { client, shown, seen } = await follow(bed)
    await pass(bed, 10_000)
    const codes: unknown[] = []
    const note = (error: { readonly code?: unknown }): void => void codes.push(error.code)
    act(() => void shown.view.send("say", { text: "late" }, { timeoutMs: 500 }).catch(note))
    await pass(bed, 1_000)
    expect([codes, shown.view.open[0]?.state]).toEqual([["TIMEOUT"], "sent"])
    await pass(bed, 5_000)
    expect(seen).toEqual(["late pending", "late sent", "late confirmed"])
    act(() => void shown.view.send("say", { text: "last" }).catch(note))
    await act(async () => void client.close())
    await pass(bed, 1_000)
    expect([codes, shown.view.open.map(({ state }) => state)]).toEqual([["TIMEOUT", "CLOSED"], ["pending"]])
  })

  it("shows as rejected what the outbox never took", async () => {
    const bed = await startBed()
    const { client, shown } = await follow(bed)
    await act(async () => void client.close())
    await pass(bed, 1_000)
    act(() => void shown.view.send("say", { text: "late" }).catch(() => {}))
    await pass(bed)
    expect(shown.view.open.map(({ state, error }) => [state, error?.code])).toEqual([["rejected", "CLOSED"]])
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
