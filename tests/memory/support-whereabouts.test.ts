import { presence } from "@magpie/client/presence"
import { afterEach, beforeEach, expect, it } from "vitest"
import { whereaboutsOf } from "../../apps/support/src/desk/whereabouts.ts"
import { createSupportBed, type SupportBed } from "./support-bed.ts"

let bed: SupportBed
beforeEach(async () => {
  bed = await createSupportBed()
})
afterEach(() => bed.close())

it("tells an agent where the visitor is, and that it is not known while the agent's own link is cut", async () => {
  const visitor = presence(bed.visitor().channel(`support/talk/${bed.me}`), { watch: false })
  const room = presence(bed.agent("mei").channel(`support/talk/${bed.me}`))
  const where = () => whereaboutsOf(room, bed.me)
  expect(where()).toEqual({ state: "unknown" })
  await bed.clock.until(() => where().state === "gone")
  await bed.told(visitor.enter({ page: "/cart", away: false }))
  await bed.clock.until(() => where().state === "here")
  expect(where()).toEqual({ state: "here", page: "/cart" })
  await bed.told(visitor.enter({ page: "/cart", away: true }))
  await bed.clock.until(() => where().state === "away")
  bed.network.cut(true)
  await bed.clock.until(() => where().state === "unknown")
  bed.network.cut(false)
  await bed.clock.until(() => where().state === "away")
})
