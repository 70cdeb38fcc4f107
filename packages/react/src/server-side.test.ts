import { createElement } from "react"
import { renderToString } from "react-dom/server"
import { describe, expect, it } from "vitest"
import { Probe, startBed } from "./mounting.fixture.ts"
import { useChannel } from "./use-channel.ts"
import { usePresence } from "./use-presence.ts"
import { useSend } from "./use-send.ts"
import { useStatus } from "./use-status.ts"

describe("on a server", () => {
  it("[G12] hooks show what is known at first, and ask for nothing", async () => {
    const bed = await startBed()
    const client = bed.connect({ lazy: true })
    const channel = client.channel("chat/a")
    const use = (): string =>
      JSON.stringify([useStatus(client).state, useChannel(channel).loaded, usePresence(channel).state, useSend(channel).open])
    expect(renderToString(createElement(Probe, { use })).replaceAll("&quot;", '"')).toBe('["idle",false,"off",[]]')
    await bed.clock.settle()
    expect(client.status.state).toBe("idle")
  })
})
