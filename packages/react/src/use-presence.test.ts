// @vitest-environment happy-dom
import { presence } from "@magpie/client/presence"
import { describe, expect, it } from "vitest"
import { type Bed, mount, pass, startBed } from "./mounting.fixture.ts"
import { type UsePresenceOptions, usePresence } from "./use-presence.ts"

type Options = UsePresenceOptions<{ readonly kind: "stream"; readonly messages: never; readonly presence: never }>

/** Somebody else, who notes what he sees. */
async function watchFrom(bed: Bed) {
  const seen: string[] = []
  const other = presence(bed.connect({ token: () => "bob" }).channel("chat/a"))
  other.on("join", ({ state }) => seen.push(`+${state.name}`))
  other.on("update", ({ state }) => seen.push(`=${state.name}`))
  other.on("leave", ({ state }) => seen.push(`-${state.name}`))
  await pass(bed, 100)
  return { other, seen }
}

async function begin(bed: Bed, own: { name: string | undefined }, options: Pick<Options, "watch"> = {}, token = "ada") {
  const channel = bed.connect({ token: () => token }).channel("chat/a")
  return mount(
    () => usePresence(channel, { ...options, state: own.name === undefined ? undefined : { name: own.name } }),
    ({ members }) => [...members.values()].map(({ state }) => state.name).sort(),
  )
}

describe("usePresence", () => {
  it("shows who is there, and rises its version with each change", async () => {
    const bed = await startBed()
    const { other } = await watchFrom(bed)
    const shown = await begin(bed, { name: "ada" })
    await pass(bed, 1_000)
    expect([shown.text, shown.view.state, shown.view.counts.members]).toEqual(['["ada"]', "live", 1])
    const { version } = shown.view
    void other.enter({ name: "bob" })
    await pass(bed, 1_000)
    expect([shown.text, shown.view.counts.members]).toEqual(['["ada","bob"]', 2])
    expect(shown.view.version).toBeGreaterThan(version)
    expect(shown.view.members.get(shown.view.self ?? "")?.state.name).toBe("ada")
  })

  it("shows who is there on a table", async () => {
    const bed = await startBed()
    const channel = bed.connect({ token: () => "ada" }).channel("prices/north")
    const shown = await mount(
      () => usePresence(channel, { state: { name: "ada" } }),
      ({ members }) => [...members.values()].map(({ state }) => state.name),
    )
    await pass(bed, 1_000)
    expect([shown.text, shown.view.state]).toEqual(['["ada"]', "live"])
  })

  it("enters once in StrictMode, tells what is new of it and nothing else, and leaves with its component", async () => {
    const bed = await startBed()
    const { seen } = await watchFrom(bed)
    const own: { name: string | undefined } = { name: "ada" }
    const shown = await begin(bed, own)
    await pass(bed, 1_000)
    await shown.show(true)
    await pass(bed, 1_000)
    expect(seen).toEqual(["+ada"])
    own.name = "Ada"
    await shown.show(true)
    await pass(bed, 1_000)
    own.name = undefined
    await shown.show(true)
    await pass(bed, 1_000)
    expect(seen).toEqual(["+ada", "=Ada", "-Ada"])
    own.name = "ada"
    await shown.show(true)
    await pass(bed, 1_000)
    await shown.show(false)
    await pass(bed, 1_000)
    expect(seen.slice(3)).toEqual(["+ada", "-ada"])
  })

  it("is present without looking at the others", async () => {
    const bed = await startBed()
    const { seen } = await watchFrom(bed)
    const shown = await begin(bed, { name: "ada" }, { watch: false })
    await pass(bed, 1_000)
    expect([seen, shown.view.state, shown.view.members.size]).toEqual([["+ada"], "off", 0])
  })

  it("[G10] says why it is not let in", async () => {
    const bed = await startBed()
    const shown = await begin(bed, { name: "mallory" }, {}, "mallory")
    await pass(bed, 1_000)
    expect([shown.view.error?.code, shown.view.state]).toEqual(["FORBIDDEN", "refused"])
  })

  it("[G10] says why it is not in for as long as it is not, whoever comes and goes", async () => {
    const bed = await startBed(({ user, action }) => user?.id === "bob" || action !== "enter")
    const { other } = await watchFrom(bed)
    const shown = await begin(bed, { name: "ada" })
    await pass(bed, 1_000)
    void other.enter({ name: "bob" })
    await pass(bed, 1_000)
    expect([shown.text, shown.view.state, shown.view.error?.code]).toEqual(['["bob"]', "live", "FORBIDDEN"])
  })

  it("says so where there is no presence to be had", async () => {
    const bed = await startBed()
    const channel = bed.connect().channel("cursor/a")
    const shown = await mount(() => usePresence(channel as never))
    await pass(bed)
    expect(shown.view.error?.code).toBe("BAD_REQUEST")
  })
})
