import { presence } from "@magpie/client/presence"
import { afterEach, expect, it } from "vitest"
import { WAYS } from "../transport-suite/ways.ts"
import { outcomeOf } from "./chat-bed.ts"
import { closeBed, type PresenceBed, ROOM, startPresence, told, watcher } from "./presence-bed.ts"

let bed: PresenceBed
afterEach(() => closeBed(bed))

it.each(WAYS)("over $name a member comes once, stays in silence, and leaves at once with its client", async ({ make }) => {
  bed = await startPresence()
  const eve = await watcher(bed)
  const client = bed.connect({ token: "ann", transport: make })
  const room = presence(client.channel(ROOM), { state: { name: "ann" } })
  await bed.clock.until(() => told(eve).length === 1)
  await bed.clock.advance(180_000)
  expect(told(eve)).toEqual(["+ann"])
  await outcomeOf(bed, room.update({ name: "Ann" }))
  await bed.clock.advance(30_000)
  expect(told(eve)).toEqual(["+ann", "~Ann"])
  await outcomeOf(bed, client.close())
  await bed.clock.advance(1_000)
  expect(told(eve)).toEqual(["+ann", "~Ann", "-Ann"])
})

it.each(WAYS)("over $name a watcher is told of everybody who comes and goes, and of nobody twice", async ({ make }) => {
  bed = await startPresence()
  const lines: string[] = []
  const room = presence(bed.connect({ token: "eve", transport: make }).channel(ROOM))
  room.on("join", ({ state }) => lines.push(`+${state.name}`))
  room.on("leave", ({ state }) => lines.push(`-${state.name}`))
  await bed.clock.until(() => room.state.state === "live")
  for (const name of ["ann", "bob", "cid"]) {
    const client = bed.connect({ token: name })
    presence(client.channel(ROOM), { state: { name } })
    await bed.clock.advance(40_000)
    if (name !== "bob") await outcomeOf(bed, client.close())
    await bed.clock.advance(2_000)
  }
  expect(lines).toEqual(["+ann", "-ann", "+bob", "+cid", "-cid"])
  expect([...room.members.values()].map(({ state }) => state.name)).toEqual(["bob"])
})

it.each(WAYS)("over $name who leaves a room and stays connected is gone from it", async ({ make }) => {
  bed = await startPresence()
  const eve = await watcher(bed)
  const room = presence(bed.connect({ token: "ann", transport: make }).channel(ROOM), { state: { name: "ann" } })
  await bed.clock.until(() => told(eve).length === 1)
  await bed.clock.advance(30_000)
  await outcomeOf(bed, room.leave())
  await bed.clock.advance(60_000)
  expect(told(eve)).toEqual(["+ann", "-ann"])
})
