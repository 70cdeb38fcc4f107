import { describe, expect, it } from "vitest"
import { memoryLanes } from "../lanes/memory-lanes.ts"
import { type CommandStore, memoryCommands, type StoredCommand, storedCommands } from "./store.ts"

const DONE: StoredCommand = { state: "ended", report: { state: "done", data: 1 } }

describe.each<readonly [string, () => Promise<CommandStore>]>([
  ["memory", async () => memoryCommands()],
  ["lanes", () => storedCommands({ name: "valve", lanes: memoryLanes() })],
])("a store of commands in %s", (_name, open) => {
  it("[G9] knows what was begun, and how it ended", async () => {
    const store = await open()
    expect(await store.get("a")).toBeUndefined()
    await store.put("a", { state: "started" })
    expect(await store.get("a")).toEqual({ state: "started" })
    await store.put("a", DONE)
    expect(await store.get("a")).toEqual(DONE)
    await store.close()
  })

  it("forgets the oldest that ended, and nothing that was only begun", async () => {
    const store = await open()
    await store.put("begun", { state: "started" })
    for (let index = 0; index < 1_005; index++) await store.put(`c${index}`, DONE)
    expect(await store.get("begun")).toEqual({ state: "started" })
    expect([await store.get("c0"), await store.get("c5")]).toEqual([undefined, undefined])
    expect(await store.get("c6")).toEqual(DONE)
    await store.close()
  })
})

describe("a store that outlives its process", () => {
  it("[G9] [F114] gives what was stored, also as begun and never ended", async () => {
    const lanes = memoryLanes()
    const first = await storedCommands({ name: "valve", lanes })
    await first.put("a", { state: "started" })
    await first.put("b", DONE)
    await first.close()
    const second = await storedCommands({ name: "valve", lanes })
    expect([await second.get("a"), await second.get("b")]).toEqual([{ state: "started" }, DONE])
  })

  it("is held by one at a time", async () => {
    const lanes = memoryLanes()
    const first = await storedCommands({ name: "valve", lanes })
    await expect(storedCommands({ name: "valve", lanes })).rejects.toMatchObject({ code: "CONFLICT" })
    await first.close()
    await (await storedCommands({ name: "valve", lanes })).close()
  })

  it("says which row is not what was kept, and lets go of the place", async () => {
    const lanes = memoryLanes()
    const lane = await lanes.open(0)
    await lane?.write(new Map([["command/a", { ordinal: "first" }]]))
    await lane?.close()
    for (let tries = 0; tries < 2; tries++) {
      await expect(storedCommands({ name: "valve", lanes })).rejects.toMatchObject({ code: "UNRECOVERABLE", details: { row: "command/a" } })
    }
    await expect(storedCommands({ name: "" })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
  })
})
