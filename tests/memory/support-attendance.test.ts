import { presence } from "@magpie/client/presence"
import { expect, it } from "vitest"
import { attendance } from "../../apps/support/src/widget/intro.ts"
import { createSupportBed } from "./support-bed.ts"

it("tells a visitor that somebody is there, or nobody, only when the server has said so", async () => {
  const bed = await createSupportBed()
  const client = bed.visitor()
  const agents = presence(client.channel("support/open"), { watch: "counts" })
  const seen: string[] = []
  const look = (): void => {
    const now = attendance(client, agents)
    if (seen.at(-1) !== now) seen.push(now)
  }
  client.on("status", look)
  agents.on("change", look)
  agents.on("state", look)
  look()
  await bed.clock.until(() => seen.at(-1) === "away")
  await bed.told(presence(bed.agent("mei").channel("support/open"), { watch: false }).enter({}))
  await bed.clock.until(() => seen.at(-1) === "here")
  bed.network.cut(true)
  await bed.clock.until(() => seen.at(-1) === "offline")
  expect(seen).toEqual(["connecting", "away", "here", "connecting", "offline"])
  await bed.close()
})
